{{ config(materialized=incremental_or_table(), incremental_strategy='delete+insert', unique_key='user_id') }}

with

acting as (

    select
        activities.actor_user_id as user_id,
        activities.actor_email as email,
        {{ moment('activities.occurred_at', 'activities.activity_id') }} as seen_moment,
        activities.occurred_at,
        activities.ingest_seq
    from {{ ref('activities') }} as activities
    where activities.actor_user_id is not null and {{ is_new('activities') }}

),

partials as (

    select
        user_id,
        email,
        seen_moment as first_moment,
        seen_moment as last_moment,
        occurred_at as first_seen_at,
        occurred_at as last_seen_at,
        ingest_seq
    from acting

    {% if is_incremental() %}
        union all

        select built.* from {{ stored_rows() }} as built
        where built.user_id in (select acting.user_id from acting)
    {% endif %}

),

final as (

    select
        user_id,
        email,
        min(first_moment) as first_moment,
        max(last_moment) as last_moment,
        min(first_seen_at) as first_seen_at,
        max(last_seen_at) as last_seen_at,
        max(ingest_seq) as ingest_seq
    from partials
    group by user_id, email

)

select * from final
