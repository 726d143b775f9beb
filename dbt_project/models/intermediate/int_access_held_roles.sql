with

members as (

    select * from {{ ref('current_members') }}

),

groups_of_users as (

    select
        principal_id as user_id,
        scope_id as group_id
    from members
    where scope_type = 'group' and principal_type = 'user'

),

-- Roles on one resource, such as a project; they have no id and no permissions of their own.
on_resources as (

    select
        members.*,
        left(members.scope_type, length(members.scope_type) - 5) as resource_type,
        case when members.scope_type = 'organization_role' then members.scope_id else places.organization_uuid end
            as organization_uuid
    from members
    left join {{ ref('int_membership_places') }} as places
        on members.scope_type = places.scope_type and members.scope_id = places.scope_id
    where members.scope_type like '%~_role' escape '~' and members.scope_type <> 'rbac_role'

),

held as (

    select
        principal_type,
        principal_id,
        scope_id as role_id,
        null as organization_uuid,
        null as role_name,
        null as resource_type,
        null as resource_id
    from members
    where scope_type = 'rbac_role' and principal_type = 'user'
    union all
    select
        'group' as principal_type,
        group_id as principal_id,
        role_id,
        null as organization_uuid,
        null as role_name,
        null as resource_type,
        null as resource_id
    from {{ ref('int_access_group_roles') }}
    union all
    select
        principal_type,
        principal_id,
        null as role_id,
        organization_uuid,
        {{ adapter.quote('role') }} as role_name,
        resource_type,
        scope_id as resource_id
    from on_resources

),

final as (

    select
        coalesce(groups_of_users.user_id, held.principal_id) as user_id,
        held.principal_type,
        groups_of_users.group_id,
        held.role_id,
        held.organization_uuid,
        held.role_name,
        held.resource_type,
        held.resource_id
    from held
    left join groups_of_users on held.principal_type = 'group' and held.principal_id = groups_of_users.group_id
    where held.principal_type = 'user' or groups_of_users.user_id is not null

)

select * from final
