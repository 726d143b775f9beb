"""When the logging of an organization was switched off, as the activities themselves report it.

Read from the payloads, so that it is known also where the marts were never built.
"""

from __future__ import annotations

# A setting that an activity leaves out, or gives as null or as anything but true or false, is as it was. Half a
# surrogate pair makes a payload that DuckDB does not read; such an activity changes nothing here.
LOGGING_OFF = """
with switches as (
    select
        created_at,
        activity_id,
        coalesce(organization_uuid, organization_id) as organization,
        try_cast(try(payload ->> '$.compliance_api_enabled') as boolean) as api,
        try_cast(try(payload ->> '$.compliance_api_logging_enabled') as boolean) as logging
    from raw.stored_activities
    where source = $source and activity_type = 'org_compliance_api_settings_updated'
),
states as (
    select
        *,
        not (
            coalesce(last_value(api ignore nulls) over so_far, true)
            and coalesce(last_value(logging ignore nulls) over so_far, true)
        ) as is_off
    from switches
    window so_far as (
        partition by organization order by created_at, activity_id rows unbounded preceding
    )
),
turns as (
    select * from states
    qualify is_off is distinct from lag(is_off, 1, false) over (
        partition by organization order by created_at, activity_id
    )
),
spots as (
    select
        organization, is_off, created_at as off_at, activity_id as off_activity_id,
        lead(created_at) over next_turn as on_at, lead(activity_id) over next_turn as on_activity_id
    from turns
    window next_turn as (partition by organization order by created_at, activity_id)
)
select organization, off_at, on_at, off_activity_id, on_activity_id
from spots
where is_off and off_at < $until and coalesce(on_at > $since, true)
order by off_at, organization
"""
