{{ config(materialized='ephemeral') }}

with

full_days as (

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
    from {{ ref('detection_counts') }}
    where is_of_full_day
    group by behaviour, actor_type, actor_id, organization_uuid, activity_date

),

busy as (

    select distinct
        behaviour,
        actor_id
    from full_days

),

-- Few actors ever have a full day; only theirs are summed, without ids, which are slowest to read.
daily as (

    select
        counts.behaviour,
        counts.actor_type,
        counts.actor_id,
        counts.organization_uuid,
        sum(counts.activity_count) as activity_count,
        counts.activity_date
    from {{ ref('detection_counts') }} as counts
    inner join busy on counts.behaviour = busy.behaviour and counts.actor_id = busy.actor_id
    group by
        counts.behaviour, counts.actor_type, counts.actor_id, counts.organization_uuid, counts.activity_date

),

-- The average excludes days without any, so that batch work is compared with batch work.
compared as (

    select
        *,
        avg(activity_count) over (
            partition by behaviour, actor_type, actor_id, organization_uuid
            order by activity_date
            range between {{ span(threshold('mass_download', 'baseline_days'), 'day') }} preceding
            and {{ span(1, 'day') }} preceding
        ) as usual_count
    from daily

),

final as (

    select
        full_days.*,
        compared.usual_count
    from full_days
    inner join compared
        on
            full_days.behaviour = compared.behaviour
            and full_days.actor_type = compared.actor_type
            and full_days.actor_id = compared.actor_id
            and full_days.organization_uuid is not distinct from compared.organization_uuid
            and full_days.activity_date = compared.activity_date

)

select * from final
