{{ config(materialized='ephemeral') }}

with

full_days as (

    select distinct
        behaviour,
        actor_id
    from {{ ref('detection_counts') }}
    where is_of_full_day

),

-- Most never had a full day: only the days of the few others are added up and compared.
counts as (

    select counts.*
    from {{ ref('detection_counts') }} as counts
    inner join full_days on counts.behaviour = full_days.behaviour and counts.actor_id = full_days.actor_id
    where counts.behaviour in ({{ literals(volume_minimums()) }})

),

daily as (

    select
        behaviour,
        actor_type,
        actor_id,
        organization_uuid,
        {{ value_at_first('first_activity_id', moment('first_at', 'first_activity_id')) }} as first_activity_id,
        {{ value_at_last('last_activity_id', moment('last_at', 'last_activity_id')) }} as last_activity_id,
        sum(activity_count) as activity_count,
        activity_date,
        max(last_at) as last_at
    from counts
    group by behaviour, actor_type, actor_id, organization_uuid, activity_date

),

-- Days without any are left out of the average: someone who works in batches is measured against batches.
final as (

    select
        *,
        avg(activity_count) over (
            partition by behaviour, actor_type, actor_id, organization_uuid
            order by activity_date
            range between {{ span(var('baseline_days'), 'day') }} preceding
            and {{ span(1, 'day') }} preceding
        ) as usual_count
    from daily

)

select * from final
