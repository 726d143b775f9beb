-- A member has at most one open period at any time, except for roles on a resource.
with

ordered as (

    select
        membership_period_id,
        valid_from,
        valid_to,
        lead(valid_from) over (
            partition by
                scope_type, scope_id, principal_type, principal_id,
                case when right(scope_type, 5) = '_role' then role end
            order by valid_from nulls first
        ) as next_valid_from,
        lead(membership_period_id) over (
            partition by
                scope_type, scope_id, principal_type, principal_id,
                case when right(scope_type, 5) = '_role' then role end
            order by valid_from nulls first
        ) as next_period_id
    from {{ ref('membership_periods') }}

)

select membership_period_id
from ordered
where
    valid_from >= valid_to
    or (next_period_id is not null and (valid_to is null or next_valid_from is null or valid_to > next_valid_from))
