{{ config(materialized='ephemeral') }}

{% set actor = 'behaviour, actor_type, actor_id, organization_uuid' %}
{% set baseline_days = threshold('mass_download', 'baseline_days', 'windows.organization_uuid') %}

with

volumes as (

    select * from {{ ref('detection_volumes') }}

),

counts as (

    select
        {{ actor }},
        activity_count,
        activity_date
    from {{ ref('detection_counts') }}
    where
        (behaviour, actor_id) in (
            select
                volumes.behaviour,
                volumes.actor_id
            from volumes
        )

    union all

    select
        'api_deletion' as behaviour,
        actor_type,
        actor_id,
        organization_uuid,
        1 as activity_count,
        cast(occurred_at as date) as activity_date
    from {{ ref('detection_activities') }}
    where activity_type = 'compliance_api_accessed'

),

-- Days without any do not count, so that batch work is compared with batch work.
daily as (

    select
        {{ actor }},
        sum(activity_count) as activity_count,
        activity_date
    from counts
    group by {{ actor }}, activity_date

),

windows as (

    select distinct
        {{ actor }},
        first_date
    from volumes

),

-- Only days before the window count towards its baseline.
final as (

    select
        windows.behaviour,
        windows.actor_type,
        windows.actor_id,
        windows.organization_uuid,
        windows.first_date,
        avg(daily.activity_count) as usual_count
    from windows
    inner join daily
        on
            windows.behaviour = daily.behaviour
            and windows.actor_type = daily.actor_type
            and windows.actor_id = daily.actor_id
            and windows.organization_uuid is not distinct from daily.organization_uuid
            and windows.first_date > daily.activity_date
            and windows.first_date <= daily.activity_date + {{ span(baseline_days, 'day') }}
    group by
        windows.behaviour, windows.actor_type, windows.actor_id, windows.organization_uuid, windows.first_date

)

select * from final
