with

states as (

    select * from {{ ref('int_directory_item_states') }}
    where list_name in ('settings', 'compliance_settings')

),

final as (

    select
        parent_key as organization_uuid,
        case list_name when 'settings' then 'organization_setting' else 'compliance_setting' end as object_type,
        case list_name when 'settings' then item_id else list_name end as setting,
        coalesce({{ json_text('payload', 'value') }}, {{ json_text('payload', 'state.type') }}) as setting_value,
        valid_from,
        valid_to
    from states

)

select * from final
