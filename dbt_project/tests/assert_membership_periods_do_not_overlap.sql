-- At most one period of a member is open at any time.
with

ordered as (

    select
        membership_period_id,
        valid_from,
        valid_to,
        lead(valid_from) over (
            partition by scope_type, scope_id, principal_type, principal_id
            order by valid_from nulls first, started_by_activity_id nulls first
        ) as next_valid_from,
        lead(started_by_activity_id) over (
            partition by scope_type, scope_id, principal_type, principal_id
            order by valid_from nulls first, started_by_activity_id nulls first
        ) as next_started_by_activity_id
    from {{ ref('membership_periods') }}

)

select membership_period_id
from ordered
where
    valid_from > valid_to
    or (next_started_by_activity_id is not null and (valid_to is null or valid_to > next_valid_from))
