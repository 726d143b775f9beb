with

listed as (

    select
        item_id as role_id,
        parent_key as organization_uuid,
        coalesce({{ json_text('payload', 'name') }}, {{ json_text('payload', 'display_name') }}) as role_name,
        valid_to is null as is_current
    from {{ ref('int_directory_item_states') }}
    where list_name = 'roles'

),

-- Where no list of roles shows it, the organization that events placed it in.
placed as (

    select
        scope_id as role_id,
        organization_uuid
    from {{ ref('int_membership_places') }}
    where scope_type = 'rbac_role' and scope_id not in (select listed.role_id from listed)

),

final as (

    select
        role_id,
        organization_uuid,
        role_name
    from listed
    where is_current
    union all
    select
        role_id,
        organization_uuid,
        null as role_name
    from placed

)

select * from final
