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
        case when is_rbac_role then 'rbac_role' else stated_resource_type || '_role' end as scope_type,
        case
            when is_rbac_role then stated_role_id
            else stated_resource_id
        end as scope_id,
        organization_uuid,
        case
            when is_rbac_role then stated_principal_type
            else stated_target_type
        end as principal_type,
        case
            when is_rbac_role then stated_principal_id
            else stated_target_id
        end as principal_id,
        case when not is_rbac_role then stated_target_email end as principal_email,
        case
            when activity_type in ('rbac_role_assigned', 'role_assignment_granted') then 'added'
            else 'removed'
        end as change_type,
        case when activity_type = 'role_assignment_revoked' then stated_role end
            as previous_role,
        case when activity_type = 'role_assignment_granted' then stated_role end
            as new_role,
        cast(null as {{ dbt.type_string() }}) as previous_seat_tier,
        cast(null as {{ dbt.type_string() }}) as current_seat_tier,
        actor_type,
        actor_id,
        actor_email,
        occurred_at,
        {{ mark_columns() }}
    from activities

)

select * from final
