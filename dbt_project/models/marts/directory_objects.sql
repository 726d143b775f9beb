{% set fields = {
    'name': 'text', 'display_name': 'text', 'full_name': 'text', 'status': 'text', 'is_active': 'text',
    'archived_at': 'text', 'state': {'type': 'text'},
} %}

with

states as (

    select
        *,
        case when list_name not in {{ lists_of_the_parent() }} then parent_key end as parent_id,
        {{ json_record('payload', fields) }} as stated
    from {{ ref('int_directory_item_states') }}

),

placed as (

    select
        list_name,
        item_id,
        max(parent_key) as organization_uuid
    from states
    where list_name in ('roles', 'workspaces')
    group by list_name, item_id

),

final as (

    select
        {{ generate_surrogate_key([
            'states.list_name', "coalesce(states.parent_id, '')", 'states.item_id', 'states.valid_from',
        ]) }} as directory_object_id,
        case
            when states.list_name like '%ies'
                then left(states.list_name, length(states.list_name) - 3) || 'y'
            when states.list_name like '%s' then left(states.list_name, length(states.list_name) - 1)
            else states.list_name
        end as object_type,
        states.item_id as object_id,
        states.parent_id,
        case
            when states.list_name = 'organizations' then states.item_id
            when states.list_name in ('role_permissions', 'workspace_members') then placed.organization_uuid
            when states.list_name <> 'group_members' then states.parent_id
        end as organization_uuid,
        coalesce(
            {{ record_field('states.stated', 'name') }},
            {{ record_field('states.stated', 'display_name') }},
            {{ record_field('states.stated', 'full_name') }}
        ) as {{ adapter.quote('name') }},
        case
            when states.list_name = 'workspaces'
                then
                    case
                        when {{ record_field('states.stated', 'archived_at') }} is null then 'active'
                        else 'archived'
                    end
            when states.list_name = 'compliance_keys'
                then
                    case {{ record_field('states.stated', 'is_active') }}
                        when 'true' then 'active'
                        when 'false' then 'inactive'
                    end
            else
                coalesce(
                    {{ record_field('states.stated', 'status') }},
                    {{ record_field('states.stated', 'state.type') }}
                )
        end as status,
        states.payload,
        states.valid_from,
        states.valid_to,
        states.valid_to is null as is_current
    from states
    left join placed
        on
            states.parent_key = placed.item_id
            and placed.list_name
            = case states.list_name when 'role_permissions' then 'roles' when 'workspace_members' then 'workspaces' end

)

select * from final
