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
