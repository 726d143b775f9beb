{{
    config(
        materialized=incremental_or_table(),
        incremental_strategy='delete+insert',
        unique_key='user_activity_daily_id'
    )
}}

with

-- Distinct counts do not add up, so the days of users with new activities are recounted.
{% if is_incremental() %}
    touched as (

        select distinct
            new_rows.activity_date,
            new_rows.actor_user_id
        from {{ ref('activities') }} as new_rows
        where new_rows.actor_user_id is not null and {{ is_new('new_rows') }}

    ),
{% endif %}

-- Not shared with `touched`: DuckDB would materialize all rows before filtering.
activities as (

    select acting.* from {{ ref('activities') }} as acting
    {% if is_incremental() %}
        inner join touched
            on acting.activity_date = touched.activity_date and acting.actor_user_id = touched.actor_user_id
    {% endif %}
    where acting.actor_user_id is not null

),

final as (

    select
        {{ generate_surrogate_key(['activity_date', 'actor_user_id', 'organization_uuid']) }} as user_activity_daily_id,
        activity_date,
        actor_user_id as user_id,
        organization_uuid,
        {{ user_activity_counts() }},
        min(occurred_at) as first_activity_at,
        max(occurred_at) as last_activity_at,
        max(case when right(coalesce(activity_type, ''), 7) <> '_viewed' then occurred_at end) as last_engaged_at,
        max(ingest_seq) as ingest_seq
    from activities
    group by activity_date, actor_user_id, organization_uuid

)

select * from final
