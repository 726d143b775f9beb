with

objects as (

    select * from {{ ref('directory_objects') }}
    where object_type in ('group', 'role', 'workspace')

),

final as (

    select
        case object_type when 'role' then 'rbac_role' else object_type end as scope_type,
        object_id as scope_id,
        {{ value_at_last(adapter.quote('name'), 'valid_from') }} as scope_name
    from objects
    where {{ adapter.quote('name') }} is not null
    group by object_type, object_id

    union all

    select
        'organization' as scope_type,
        organization_uuid as scope_id,
        organization_name as scope_name
    from {{ ref('organizations') }}
    where organization_name is not null

)

select * from final
