-- A period ended by a role change is followed by another immediately, unless another end has the same time.
{{ config(meta={'dagster': {'ref': {'name': 'membership_periods'}}}) }}

select ended.membership_period_id
from {{ ref('membership_periods') }} as ended
left join {{ ref('int_membership_periods') }} as started
    on
        ended.scope_type = started.scope_type
        and ended.scope_id = started.scope_id
        and ended.principal_id = started.principal_id
        and ended.valid_to = started.valid_from
where ended.end_reason = 'role_changed' and started.membership_period_id is null
