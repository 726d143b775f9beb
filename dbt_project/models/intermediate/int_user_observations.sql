{#- Read whole by each build, for emails and times of users; its inputs have few rows per user. -#}
{{ config(materialized='table') }}

with

acting as (

    select
        user_id,
        email,
        first_moment,
        last_moment,
        first_seen_at,
        last_seen_at,
        true as is_in_feed
    from {{ ref('int_user_acting_observations') }}

),

changed as (

    select
        principal_id as user_id,
        principal_email as email,
        {{ moment('occurred_at', 'activity_id') }} as seen_moment,
        occurred_at
    from {{ ref('membership_changes') }}
    where principal_type = 'user' and principal_id is not null

    union all

    select
        stated_previous_owner_id as user_id,
        cast(null as {{ dbt.type_string() }}) as email,
        {{ moment('occurred_at', 'activity_id') }} as seen_moment,
        occurred_at
    from {{ ref('int_membership_activities') }}
    where activity_type = 'primary_owner_transferred' and stated_previous_owner_id is not null

),

observations as (

    select * from acting

    union all

    select
        user_id,
        email,
        seen_moment as first_moment,
        seen_moment as last_moment,
        occurred_at as first_seen_at,
        occurred_at as last_seen_at,
        true as is_in_feed
    from changed

    union all

    select
        user_id,
        email,
        {{ moment('first_seen_at', "''") }} as first_moment,
        {{ moment('last_seen_at', "''") }} as last_moment,
        first_seen_at,
        last_seen_at,
        false as is_in_feed
    from {{ ref('int_user_listed_observations') }}

),

final as (

    select
        user_id,
        email,
        min(first_moment) as first_moment,
        max(last_moment) as last_moment,
        min(first_seen_at) as first_seen_at,
        max(last_seen_at) as last_seen_at,
        max(case when is_in_feed then 1 else 0 end) = 1 as is_in_feed
    from observations
    group by user_id, email

)

select * from final
