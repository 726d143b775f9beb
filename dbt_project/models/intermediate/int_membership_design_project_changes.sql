with

activities as (

    select * from {{ ref('int_membership_activities') }}
    where subject = 'design_project'

),

final as (

    select
        activity_id,
        'design_project' as scope_type,
        stated_design_project_id as scope_id,
        organization_uuid,
        stated_principal_type as principal_type,
        stated_principal_id as principal_id,
        cast(null as {{ dbt.type_string() }}) as principal_email,
        case activity_type
            when 'design_project_member_added' then 'added'
            when 'design_project_member_role_updated' then 'role_changed'
            when 'design_project_member_removed' then 'removed'
        end as change_type,
        stated_previous_role as previous_role,
        stated_role as new_role,
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
