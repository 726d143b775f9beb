with

periods as (

    select
        *,
        lag(ended_by_activity_id) over (
            partition by scope_id, principal_id
            order by valid_from nulls first, started_by_activity_id
        ) as previous_ended_by_activity_id
    from {{ ref('membership_periods') }}
    where scope_type = 'organization' and principal_type = 'user'

),

-- A role change ends one period and starts the next: one stay.
numbered as (

    select
        *,
        count(case when previous_ended_by_activity_id = started_by_activity_id then null else 1 end) over (
            partition by scope_id, principal_id
            order by valid_from nulls first, started_by_activity_id
            rows unbounded preceding
        ) as stay_number
    from periods

),

final as (

    select
        principal_id as user_id,
        scope_id as organization_uuid,
        started_by_activity_id,
        ended_by_activity_id,
        role,
        end_reason,
        stay_number,
        first_value(valid_from) over (
            partition by scope_id, principal_id, stay_number
            order by valid_from nulls first, started_by_activity_id
            rows unbounded preceding
        ) as joined_at,
        valid_from,
        valid_to
    from numbered

)

select * from final
