with

turns as (

    select * from {{ ref('int_membership_turns') }}

),

starts as (

    select * from turns
    where is_start

),

-- A role change ends the period before the one it starts.
ends as (

    select
        membership_key,
        activity_id,
        signal_type as end_reason,
        case when is_start then period_number - 1 else period_number end as period_number,
        occurred_at
    from turns
    where is_end

),

-- An accepted invitation gives no role; one given while the stay is open fills it in.
known_roles as (

    select
        membership_key,
        new_role,
        period_number,
        row_number() over (
            partition by membership_key, period_number
            order by occurred_at, activity_id
        ) as role_position
    from turns
    where signal_type in ('added', 'invite_accepted', 'role_changed') and new_role is not null

),

final as (

    select
        starts.membership_key,
        starts.scope_type,
        starts.scope_id,
        starts.principal_type,
        starts.principal_id,
        known_roles.new_role as period_role,
        starts.occurred_at as valid_from,
        ends.occurred_at as valid_to,
        starts.activity_id as started_by_activity_id,
        ends.activity_id as ended_by_activity_id,
        ends.end_reason
    from starts
    left join ends
        on starts.membership_key = ends.membership_key and starts.period_number = ends.period_number
    left join known_roles
        on
            starts.membership_key = known_roles.membership_key
            and starts.period_number = known_roles.period_number
            and known_roles.role_position = 1

)

select * from final
