with

changes as (

    select * from {{ ref('configuration_changes') }}
    where
        coalesce(lower(previous_value), '') <> lower(current_value)
        and setting || '=' || lower(current_value) in (
            'artifact_external_sharing_enabled=true',
            'public_projects_enabled=true',
            'allow_member_data_export=true',
            'claude_code_desktop_bypass_permissions_enabled=true',
            'is_desktop_extension_allowlist_enabled=false',
            'claude_ai_skill_plugins_scanning_enabled=false',
            'claude_code_trusted_devices_required=false',
            'cowork_trusted_devices_required=false',
            'discoverability=true',
            'member_invites=true',
            'connector_domain_guard=false',
            'cowork_act_without_asking_mode=true',
            'cowork_mcp_always_allow=true',
            'claude_code_zero_data_retention=false',
            'claude_code_data_sharing=true',
            'inference_data_retention=true'
        )

),

final as (

    select
        activity_id || '/' || setting || '/' || coalesce(object_id, '') as anchor,
        'organization' as subject_type,
        organization_uuid as subject_id,
        organization_uuid,
        actor_id,
        'The setting ' || setting || ' was changed to ' || lower(current_value) || '.' as sentence,
        {{ text_array(['activity_id']) }} as evidence_activity_ids,
        occurred_at
    from changes

)

select * from final
