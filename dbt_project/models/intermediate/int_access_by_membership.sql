with

members as (

    select * from {{ ref('current_members') }}
    where principal_type = 'user'

),

workspaces as (

    select * from {{ ref('directory_objects') }}
    where object_type = 'workspace' and is_current

),

final as (

    select
        members.principal_id as user_id,
        case members.scope_type
            when 'organization' then members.scope_id
            else coalesce(workspaces.organization_uuid, places.organization_uuid)
        end as organization_uuid,
        case members.scope_type when 'organization' then 'organization_role' else 'workspace' end
            as {{ adapter.quote('path') }},
        cast(null as {{ dbt.type_string() }}) as group_id,
        cast(null as {{ dbt.type_string() }}) as group_name,
        cast(null as {{ dbt.type_string() }}) as role_id,
        members.{{ adapter.quote('role') }} as role_name,
        case when members.scope_type = 'workspace' then members.scope_id end as workspace_id,
        workspaces.{{ adapter.quote('name') }} as workspace_name,
        cast(null as {{ dbt.type_string() }}) as {{ adapter.quote('action') }},
        cast(null as {{ dbt.type_string() }}) as resource_type,
        cast(null as {{ dbt.type_string() }}) as resource_id
    from members
    left join workspaces on members.scope_type = 'workspace' and members.scope_id = workspaces.object_id
    left join {{ ref('int_membership_places') }} as places
        on members.scope_type = places.scope_type and members.scope_id = places.scope_id
    where members.scope_type in ('organization', 'workspace')

)

select * from final
