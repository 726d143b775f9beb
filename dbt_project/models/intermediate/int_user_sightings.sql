{#- Read for emails and for times of users: as a table the activities are scanned once. -#}
{{ config(materialized='table') }}

with

acting as (

    select
        actor_user_id as user_id,
        actor_email as email,
        activity_id,
        occurred_at
    from {{ ref('activities') }}
    where actor_user_id is not null

),

changed as (

    select
        principal_id as user_id,
        principal_email as email,
        activity_id,
        occurred_at
    from {{ ref('membership_changes') }}
    where principal_type = 'user' and principal_id is not null

),

sightings as (

    select * from acting
    union all
    select * from changed

),

final as (

    select
        user_id,
        email,
        min({{ moment('occurred_at', 'activity_id') }}) as first_moment,
        max({{ moment('occurred_at', 'activity_id') }}) as last_moment,
        min(occurred_at) as first_seen_at,
        max(occurred_at) as last_seen_at
    from sightings
    group by user_id, email

)

select * from final
