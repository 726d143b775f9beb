{{ config(materialized='table') }}

with

-- Most keys and people that lost access do nothing more; the last act identifies the others.
ends as (

    select
        ends.*,
        coalesce(ends.regained_at, cast('9999-12-31' as {{ dbt.type_timestamp() }})) as inactive_until
    from {{ ref('access_ends') }} as ends
    inner join {{ ref('detection_actors') }} as actors
        on
            ends.actor_id = actors.actor_id
            and ends.actor_type = actors.actor_type
            and (ends.organization_uuid is null or ends.organization_uuid = actors.organization_uuid)
            and ends.inactive_from < actors.last_at
    where actors.behaviour <> 'refused_read'

),

-- The first hour that overlaps the time without access contains the first act in it.
first_hours as (

    select
        ends.access_type,
        ends.subject_id,
        ends.actor_id,
        ends.actor_type,
        ends.organization_uuid,
        ends.ended_by_activity_id,
        ends.reason,
        ends.ended_at,
        ends.inactive_from,
        ends.inactive_until,
        min(counts.activity_date) as activity_date,
        min(counts.hour_start) as hour_start
    from ends
    inner join {{ ref('detection_counts') }} as counts
        on
            ends.actor_id = counts.actor_id
            and ends.actor_type = counts.actor_type
            and (ends.organization_uuid is null or ends.organization_uuid = counts.organization_uuid)
            and ends.inactive_from < counts.last_at
            and ends.inactive_until > counts.first_at
    where counts.behaviour <> 'refused_read'
    group by
        ends.access_type, ends.subject_id, ends.actor_id, ends.actor_type, ends.organization_uuid,
        ends.ended_by_activity_id, ends.reason, ends.ended_at, ends.inactive_from, ends.inactive_until

),

final as (

    select
        first_hours.access_type,
        first_hours.subject_id,
        first_hours.organization_uuid,
        {{ value_at_first('acts.actor_id', moment('acts.occurred_at', 'acts.activity_id')) }} as actor_id,
        first_hours.ended_by_activity_id,
        first_hours.reason,
        {{ value_at_first('acts.activity_id', moment('acts.occurred_at', 'acts.activity_id')) }} as activity_id,
        first_hours.ended_at,
        min(acts.occurred_at) as occurred_at
    from first_hours
    inner join {{ ref('detection_acts') }} as acts
        on
            first_hours.activity_date = acts.activity_date
            and first_hours.hour_start = acts.hour_start
            and first_hours.actor_id = acts.actor_id
            and first_hours.actor_type = acts.actor_type
            and (first_hours.organization_uuid is null or first_hours.organization_uuid = acts.organization_uuid)
            and first_hours.inactive_from < acts.occurred_at
            and first_hours.inactive_until > acts.occurred_at
    where acts.behaviour <> 'refused_read'
    group by
        first_hours.access_type, first_hours.subject_id, first_hours.organization_uuid,
        first_hours.ended_by_activity_id, first_hours.reason, first_hours.ended_at

)

select * from final
