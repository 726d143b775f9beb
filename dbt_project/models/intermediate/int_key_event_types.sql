with

event_types as (

    select
        event_types.activity_type,
        event_types.key_type,
        event_types.event_type,
        event_types.id_field,
        event_types.name_field,
        event_types.status
    from (
        values
        ('api_key_created', 'scoped_api_key', 'created', 'api_key_id', null, 'active'),
        ('scoped_api_key_updated', 'scoped_api_key', 'updated', 'api_key_id', null, null),
        ('scoped_api_key_deleted', 'scoped_api_key', 'ended', 'api_key_id', 'api_key_name', 'deleted'),
        ('platform_api_key_created', 'platform_api_key', 'created', 'api_key_id', null, 'active'),
        ('platform_api_key_updated', 'platform_api_key', 'updated', 'api_key_id', null, null),
        ('admin_api_key_created', 'admin_api_key', 'created', 'admin_api_key_id', null, 'active'),
        ('admin_api_key_updated', 'admin_api_key', 'updated', 'admin_api_key_id', null, null),
        ('admin_api_key_deleted', 'admin_api_key', 'ended', 'admin_api_key_id', null, 'deleted'),
        ('service_key_created', 'service_key', 'created', 'service_key_id', 'key_name', 'active'),
        ('service_key_revoked', 'service_key', 'ended', 'service_key_id', null, 'revoked'),
        ('platform_oauth_app_created', 'oauth_app', 'created', 'oauth_app_id', null, 'active'),
        ('platform_oauth_app_updated', 'oauth_app', 'updated', 'oauth_app_id', null, null),
        ('platform_oauth_app_revoked', 'oauth_app', 'ended', 'oauth_app_id', null, 'revoked'),
        ('platform_signing_key_created', 'signing_key', 'created', 'signing_key_id', null, 'active'),
        ('platform_signing_key_rotated', 'signing_key', 'created', 'new_signing_key_id', null, 'active'),
        ('platform_signing_key_rotated', 'signing_key', 'ended', 'old_signing_key_id', null, 'rotated'),
        ('platform_signing_key_deleted', 'signing_key', 'ended', 'signing_key_id', 'key_name', 'deleted'),
        ('org_external_key_created', 'external_key', 'created', 'external_key_id', null, 'active'),
        ('org_external_key_updated', 'external_key', 'updated', 'external_key_id', null, null),
        ('org_external_key_deleted', 'external_key', 'ended', 'external_key_id', null, 'deleted'),
        ('tunnel_token_minted', 'tunnel_token', 'created', 'token_id', 'token_name', 'active'),
        ('tunnel_token_rotated', 'tunnel_token', 'updated', 'tunnel_token_id', null, null),
        ('tunnel_token_revoked', 'tunnel_token', 'ended', 'token_id', 'token_name', 'revoked'),
        ('claude_code_runner_pool_secret_minted', 'runner_pool_secret', 'created', 'jti', 'label', 'active'),
        ('claude_code_credential_revoked', 'runner_pool_secret', 'ended', 'jti', null, 'revoked'),
        (
            'ccr_agent_proxy_credential_created', 'agent_proxy_credential', 'created', 'credential_id', 'display_name',
            'active'
        ),
        (
            'ccr_agent_proxy_credential_updated', 'agent_proxy_credential', 'updated', 'credential_id', 'display_name',
            null
        ),
        (
            'ccr_agent_proxy_credential_rotated', 'agent_proxy_credential', 'created', 'credential_id', 'display_name',
            'active'
        ),
        (
            'ccr_agent_proxy_credential_rotated', 'agent_proxy_credential', 'ended', 'previous_credential_id', null,
            'rotated'
        ),
        (
            'ccr_agent_proxy_credential_deleted', 'agent_proxy_credential', 'ended', 'credential_id', null,
            'deleted'
        ),
        ('platform_service_account_created', 'service_account', 'created', 'service_account_id', null, 'active'),
        ('platform_service_account_updated', 'service_account', 'updated', 'service_account_id', null, null),
        ('platform_service_account_archived', 'service_account', 'ended', 'service_account_id', null, 'archived'),
        ('org_deleted_via_bulk', 'organization', 'ended', 'organization_uuid', null, 'deleted')
    ) as event_types (activity_type, key_type, event_type, id_field, name_field, status)

)

select * from event_types
