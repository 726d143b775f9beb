with

activities as (

    select
        *,
        activity_type in ('rbac_role_assigned', 'rbac_role_unassigned') as is_rbac_role
    from {{ ref('int_membership_activities') }}
    where subject = 'role'

),

final as (

    select
        activity_id,
        case when is_rbac_role then 'rbac_role' else {{ json_text('payload', 'resource_type') }} end as scope_type,
        case
            when is_rbac_role then {{ json_text('payload', 'role_id') }}
            else {{ json_text('payload', 'resource_id') }}
        end as scope_id,
        organization_uuid,
        case
            when is_rbac_role then {{ json_text('payload', 'principal_type') }}
            else {{ json_text('payload', 'target_type') }}
        end as principal_type,
        case
            when is_rbac_role then {{ json_text('payload', 'principal_id') }}
            else {{ json_text('payload', 'target_id') }}
        end as principal_id,
        cast(null as {{ dbt.type_string() }}) as principal_email,
        case
            when activity_type in ('rbac_role_assigned', 'role_assignment_granted') then 'added'
            else 'removed'
        end as change_type,
        case when activity_type = 'role_assignment_revoked' then {{ json_text('payload', 'role') }} end
            as previous_role,
        case when activity_type = 'role_assignment_granted' then {{ json_text('payload', 'role') }} end
            as new_role,
        cast(null as {{ dbt.type_string() }}) as previous_seat_tier,
        cast(null as {{ dbt.type_string() }}) as current_seat_tier,
        actor_type,
        actor_id,
        actor_email,
        occurred_at
    from activities

)

select * from final
