{#- Read by several models; few rows. -#}
{{ config(materialized='table') }}

with

gone as (

    select * from {{ ref('int_directory_item_absences') }}

),

-- The lists below an item, directly or through a role or workspace of the organization.
placed as (

    select distinct
        list_name,
        parent_key,
        item_id
    from {{ ref('int_directory_item_changes') }}
    where list_name in ('roles', 'workspaces')

),

final as (

    {% set below = {
        'groups': ['group_members'],
        'roles': ['role_permissions'],
        'workspaces': ['workspace_members'],
        'organizations': [
            'users', 'roles', 'settings', 'members', 'invites', 'workspaces', 'api_keys', 'compliance_settings',
        ],
    } %}
    {% for above, lists in below.items() %}
        {% for list_name in lists %}
            select
                '{{ list_name }}' as list_name,
                item_id as parent_key,
                absent_at as ended_at
            from gone
            where list_name = '{{ above }}'
            union
        {% endfor %}
    {% endfor %}
    select
        case placed.list_name when 'roles' then 'role_permissions' else 'workspace_members' end as list_name,
        placed.item_id as parent_key,
        gone.absent_at as ended_at
    from gone
    inner join placed on gone.item_id = placed.parent_key
    where gone.list_name = 'organizations'

)

select * from final
