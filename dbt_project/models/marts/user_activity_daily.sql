{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='user_activity_daily_id',
        on_schema_change='fail'
    )
}}

with

acting as (

    select activities.* from {{ ref('activities') }} as activities
    where activities.actor_user_id is not null

),

-- Distinct things cannot be added up: a day that new activities touch is counted again, that day of those users.
{% if is_incremental() %}
    touched as (

        select distinct
            acting.activity_date,
            acting.actor_user_id
        from acting
        where {{ is_new('acting') }}

    ),
{% endif %}

activities as (

    select acting.* from acting
    {% if is_incremental() %}
        inner join touched
            on acting.activity_date = touched.activity_date and acting.actor_user_id = touched.actor_user_id
    {% endif %}

),

final as (

    select
        {{ hashed_id(['activity_date', 'actor_user_id', 'organization_uuid']) }} as user_activity_daily_id,
        activity_date,
        actor_user_id as user_id,
        organization_uuid,
        {{ user_activity_counts() }},
        min(occurred_at) as first_activity_at,
        max(occurred_at) as last_activity_at,
        max(ingest_seq) as ingest_seq
    from activities
    group by activity_date, actor_user_id, organization_uuid

)

select * from final
