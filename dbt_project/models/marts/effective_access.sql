{% set path = [
    'user_id', 'organization_uuid', 'path', 'group_id', 'group_name', 'role_id', 'role_name', 'workspace_id',
    'workspace_name', 'action', 'resource_type', 'resource_id',
] %}

with

paths as (

    select * from {{ ref('int_access_by_role') }}
    union
    select * from {{ ref('int_access_by_membership') }}

),

final as (

    select
        {{ generate_surrogate_key(path) }} as effective_access_id,
        {{ path | join(',\n        ') }}
    from paths

)

select * from final
