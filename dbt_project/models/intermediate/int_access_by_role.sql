with

organization_members as (

    select distinct
        principal_id as user_id,
        scope_id as organization_uuid
    from {{ ref('current_members') }}
    where principal_type = 'user' and scope_type = 'organization'

),

objects as (

    select * from {{ ref('directory_objects') }}

),

permissions as (

    select
        parent_id as role_id,
        {{ json_text('payload', 'action') }} as {{ adapter.quote('action') }},
        {{ json_text('payload', 'resource_type') }} as resource_type,
        {{ json_text('payload', 'resource_id') }} as resource_id
    from objects
    where object_type = 'role_permission' and is_current

),

-- A role grants its permissions to current members of its organization. A role that is gone from its list grants none.
by_role as (

    select
        held.user_id,
        coalesce(held.organization_uuid, known_roles.organization_uuid) as organization_uuid,
        case held.principal_type when 'group' then 'group' else 'direct' end as {{ adapter.quote('path') }},
        held.group_id,
        groups_named.{{ adapter.quote('name') }} as group_name,
        held.role_id,
        coalesce(held.role_name, known_roles.role_name) as role_name,
        cast(null as {{ dbt.type_string() }}) as workspace_id,
        cast(null as {{ dbt.type_string() }}) as workspace_name,
        permissions.{{ adapter.quote('action') }},
        coalesce(held.resource_type, permissions.resource_type) as resource_type,
        coalesce(held.resource_id, permissions.resource_id) as resource_id
    from {{ ref('int_access_held_roles') }} as held
    left join {{ ref('int_access_roles') }} as known_roles on held.role_id = known_roles.role_id
    left join permissions on held.role_id = permissions.role_id
    left join objects as groups_named
        on
            held.group_id = groups_named.object_id
            and groups_named.object_type = 'group'
            and groups_named.is_current
    where
        known_roles.role_id is not null
        or held.role_id is null
        or held.role_id not in (
            select objects.object_id from objects
            where objects.object_type = 'role'
        )

),

final as (

    select by_role.*
    from by_role
    left join organization_members
        on
            by_role.user_id = organization_members.user_id
            and by_role.organization_uuid = organization_members.organization_uuid
    where
        organization_members.user_id is not null
        or by_role.organization_uuid is null
        or by_role.role_id is null

)

select * from final
