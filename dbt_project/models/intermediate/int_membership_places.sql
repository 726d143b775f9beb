with

activities as (

    select * from {{ ref('int_membership_activities') }}
    where subject in ('place', 'end')

),

changes as (

    select * from {{ ref('membership_changes') }}

),

named as (

    select
        scope_type,
        scope_id,
        organization_uuid
    from changes

    union all

    select
        'group' as scope_type,
        principal_id as scope_id,
        organization_uuid
    from changes
    where principal_type = 'group'

    union all

    -- The lists of workspaces and of custom roles are read for each organization.
    select
        case list_name when 'workspaces' then 'workspace' else 'rbac_role' end as scope_type,
        item_id as scope_id,
        parent_id as organization_uuid
    from {{ ref('stg_directory__items') }}
    where list_name in ('workspaces', 'roles') and is_present

    {% set fields = {
        'group': 'stated_group_id',
        'rbac_role': 'stated_role_id',
        'workspace': 'workspace_id',
        'design_project': 'stated_design_project_id',
    } %}
    {% for scope_type, field in fields.items() %}
        union all

        select
            '{{ scope_type }}' as scope_type,
            {{ field }} as scope_id,
            organization_uuid
        from activities
    {% endfor %}

),

final as (

    select
        scope_type,
        scope_id,
        max(organization_uuid) as organization_uuid
    from named
    where scope_type <> 'organization' and scope_id is not null
    group by scope_type, scope_id
    having count(distinct organization_uuid) = 1

)

select * from final
