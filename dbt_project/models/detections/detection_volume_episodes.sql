{{ config(materialized='table') }}

{% set actor = 'behaviour, actor_type, actor_id, organization_uuid' %}

with

-- Whatever follows within a day belongs to the same episode.
unusual as (

    select
        volumes.*,
        usual.usual_count,
        lag(volumes.occurred_at) over (
            partition by volumes.behaviour, volumes.actor_type, volumes.actor_id, volumes.organization_uuid
            order by volumes.occurred_at, volumes.activity_id
        ) as previous_at
    from {{ ref('detection_volumes') }} as volumes
    left join {{ ref('detection_usual_volumes') }} as usual
        on
            volumes.behaviour = usual.behaviour
            and volumes.actor_type = usual.actor_type
            and volumes.actor_id = usual.actor_id
            and volumes.organization_uuid is not distinct from usual.organization_uuid
            and volumes.first_date = usual.first_date
    where
        volumes.activity_count
        >= {{ volume_threshold('baseline_factor', 'volumes.organization_uuid', 'volumes.behaviour') }}
        * coalesce(usual.usual_count, 0)

),

numbered as (

    select
        *,
        sum(case when occurred_at <= previous_at + {{ span(1, 'day') }} then 0 else 1 end) over (
            partition by {{ actor }} order by occurred_at, activity_id
            rows between unbounded preceding and current row
        ) as episode_number
    from unusual

),

{% set instant = moment('occurred_at', 'activity_id') %}

episodes as (

    select
        {{ actor }},
        {{ value_at_first('first_activity_id', instant) }} as first_activity_id,
        {{ value_at_last('activity_id', instant) }} as last_activity_id,
        max(activity_count) as activity_count,
        {{ value_at_first('usual_count', instant) }} as usual_count,
        min(occurred_at) as occurred_at
    from numbered
    group by {{ actor }}, episode_number

),

final as (

    select
        *,
        cast(occurred_at as date) as activity_date,
        count(*) over (partition by behaviour, organization_uuid, cast(occurred_at as date)) as actor_count
    from episodes

)

select * from final
