-- A period that a role change ended is followed by one that the same activity started.
select ended.membership_period_id
from {{ ref('membership_periods') }} as ended
left join {{ ref('membership_periods') }} as started
    on
        ended.ended_by_activity_id = started.started_by_activity_id
        and ended.scope_id = started.scope_id
        and ended.principal_id = started.principal_id
where ended.end_reason = 'role_changed' and started.membership_period_id is null
