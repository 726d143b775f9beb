{{ config(materialized='table') }}

{#- Signing out, the end of a session and what was refused need no access. -#}
{% set idle = ['access_failure', 'refused', 'refused_read', 'session_end'] %}

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
    where actors.behaviour not in ({{ literals(idle) }})

),

-- The hours that overlap the time without access contain every act in it.
hours as (

    select distinct
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
        counts.activity_date,
        counts.hour_start
    from ends
    inner join {{ ref('detection_counts') }} as counts
        on
            ends.actor_id = counts.actor_id
            and ends.actor_type = counts.actor_type
            and (ends.organization_uuid is null or ends.organization_uuid = counts.organization_uuid)
            and ends.inactive_from < counts.last_at
            and ends.inactive_until > counts.first_at
    where counts.behaviour not in ({{ literals(idle) }})

),

final as (

    select
        hours.access_type,
        hours.subject_id,
        hours.organization_uuid,
        {{ value_at_first('acts.actor_id', moment('acts.occurred_at', 'acts.activity_id')) }} as actor_id,
        hours.ended_by_activity_id,
        hours.reason,
        {{ value_at_first('acts.activity_id', moment('acts.occurred_at', 'acts.activity_id')) }} as activity_id,
        hours.ended_at,
        min(acts.occurred_at) as occurred_at
    from hours
    inner join {{ ref('detection_acts') }} as acts
        on
            hours.activity_date = acts.activity_date
            and hours.hour_start = acts.hour_start
            and hours.actor_id = acts.actor_id
            and hours.actor_type = acts.actor_type
            and (hours.organization_uuid is null or hours.organization_uuid = acts.organization_uuid)
            and hours.inactive_from < acts.occurred_at
            and hours.inactive_until > acts.occurred_at
    where acts.behaviour not in ({{ literals(idle) }})
    group by
        hours.access_type, hours.subject_id, hours.organization_uuid, hours.ended_by_activity_id, hours.reason,
        hours.ended_at

)

select * from final
