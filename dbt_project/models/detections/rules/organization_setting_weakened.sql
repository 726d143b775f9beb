{{ setting_rule(
    [
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
        'inference_data_retention=true',
    ],
    "'The setting ' || setting || ' was changed to ' || lower(current_value) || '.'"
) }}
