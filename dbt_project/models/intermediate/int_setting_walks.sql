with

walks as (

    select
        parent_id as organization_uuid,
        case list_name when 'settings' then 'organization_setting' else 'compliance_setting' end as object_type,
        max(walk_id) as walk_id,
        started_at,
        max(finished_at) as finished_at
    from {{ ref('stg_directory__walks') }}
    where list_name in ('settings', 'compliance_settings') and status = 'complete'
    group by parent_id, list_name, started_at

),

final as (

    select
        *,
        started_at = min(started_at) over (partition by organization_uuid, object_type) as is_first_of_scope,
        started_at = max(started_at) over (partition by organization_uuid, object_type) as is_newest_of_scope
    from walks

)

select * from final
