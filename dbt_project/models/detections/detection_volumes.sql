{#- Few actors ever have a full day; only their activities around it are counted one by one. -#}
{{ config(materialized='table') }}

{% set actor = 'behaviour, actor_type, actor_id, organization_uuid' %}

with

full_days as (

    select distinct
        behaviour,
        actor_id,
        activity_date
    from {{ ref('detection_counts') }}
    where is_of_full_day

),

-- A window of 24 hours reaches into the day before or after.
days as (

    {% for days in [-1, 0, 1] %}
        select
            behaviour,
            actor_id,
            cast(activity_date + {{ span(days, 'day') }} as date) as activity_date
        from full_days
        {{ 'union' if not loop.last }}
    {% endfor %}

),

acts as (

    select
        acts.behaviour,
        acts.actor_type,
        acts.actor_id,
        acts.organization_uuid,
        acts.activity_id,
        acts.occurred_at
    from {{ ref('detection_acts') }} as acts
    inner join days
        on
            acts.activity_date = days.activity_date
            and acts.actor_id = days.actor_id
            and acts.behaviour = days.behaviour

    union all

    select
        'api_deletion' as behaviour,
        actor_type,
        actor_id,
        organization_uuid,
        activity_id,
        occurred_at
    from {{ ref('detection_activities') }}
    where activity_type = 'compliance_api_accessed' and actor_id is not null

),

windows as (

    select
        *,
        count(*) over (
            partition by {{ actor }} {{ order_within('occurred_at', 1, 'day') }}
        ) as activity_count,
        min({{ moment('occurred_at', 'activity_id') }}) over (
            partition by {{ actor }} {{ order_within('occurred_at', 1, 'day') }}
        ) as first_moment
    from acts

),

final as (

    select
        {{ actor }},
        activity_id,
        {{ moment_part('first_moment', 'activity_id') }} as first_activity_id,
        activity_count,
        cast({{ moment_part('first_moment', 'occurred_at') }} as date) as first_date,
        occurred_at
    from windows
    where activity_count >= {{ volume_threshold('minimum', 'organization_uuid') }}

)

select * from final
