{#-
  Rules read this instead of `activities`: only the types and fields they need, with each payload parsed once, deletions
  by the Compliance API, and what people do with the programs that scripts use.
  Incremental by `ingest_seq`, so a late activity is included in the next build.
-#}
{{ config(materialized=incremental_or_table(), incremental_strategy='append') }}

{% set activity_types = [
    'org_deletion_requested', 'org_bulk_delete_initiated', 'org_deleted_via_bulk',
    'org_sso_toggled', 'org_sso_connection_deactivated', 'org_sso_connection_deleted',
    'org_magic_link_second_factor_toggled', 'org_ip_restriction_deleted', 'primary_owner_transferred',
    'org_domain_verified', 'org_domain_removed',
    'magic_link_login_failed', 'sso_login_failed',
    'magic_link_login_succeeded', 'social_login_succeeded', 'sso_login_succeeded',
    'api_key_created', 'admin_api_key_created', 'service_key_created', 'platform_api_key_created',
    'platform_service_account_updated', 'rbac_role_created', 'rbac_role_permission_added',
    'org_data_export_started', 'org_data_export_accessed', 'org_members_exported',
    'audit_log_export_started', 'audit_log_export_accessed',
    'claude_artifact_sharing_updated',
    'claude_project_document_bulk_deletion_audit_truncated', 'claude_project_file_bulk_deletion_audit_truncated',
    'mcp_server_created', 'integration_user_connected', 'claude_github_integration_created',
    'claude_gdrive_integration_created', 'ghe_configuration_created',
    'platform_spend_limit_deleted', 'workspace_spend_limit_deleted', 'workspace_member_spend_limit_deleted',
    'extra_usage_spend_limit_deleted',
    'ghe_webhook_signature_invalid',
    'anthropic_access',
    'service_key_revoked', 'admin_api_key_deleted',
    'claude_project_sharing_updated', 'claude_artifact_published',
    'org_invite_link_generated', 'org_invite_link_regenerated', 'org_user_invite_accepted',
    'org_ip_restriction_updated', 'org_directory_sync_deleted',
    'org_sso_provisioning_mode_changed', 'org_sso_group_role_mappings_updated', 'org_sso_seat_tier_mappings_updated',
    'tunnel_token_revealed',
] %}
{% set object_fields = [
    'api_key_id', 'admin_api_key_id', 'service_key_id', 'service_account_id', 'role_id', 'new_owner_id',
    'connection_id', 'mcp_server_id', 'integration_id', 'ghe_configuration_id', 'spend_limit_id', 'domain',
    'claude_artifact_id', 'claude_project_id', 'claude_published_artifact_id', 'tunnel_token_id', 'invite_id',
] %}

with

activities as (

    select activities.* from {{ ref('activities') }} as activities
    where
        {{ is_new('activities') }}
        and (
            activities.activity_type in ({{ literals(activity_types) }})
            or (
                activities.activity_type = 'compliance_api_accessed'
                and activities.outcome = 'success'
                and {{ json_text('activities.payload', 'request_method') }} = 'DELETE'
            )
            -- People use browsers and apps.
            or (
                activities.actor_type = 'user_actor'
                and activities.outcome = 'success'
                and {{ scripted_agent('activities.actor_user_agent') }} is not null
            )
        )

),

final as (

    select
        activity_id,
        activity_type,
        organization_uuid,
        actor_type,
        actor_id,
        lower(coalesce(actor_email, claimed_email)) as login_email,
        actor_ip_address,
        actor_network,
        case when actor_type = 'user_actor' then {{ scripted_agent('actor_user_agent') }} end as scripted_agent,
        coalesce(
            {% for field in object_fields %}
                {{ json_text('payload', field) }}{{ ',' if not loop.last }}
            {% endfor %}
        ) as object_id,
        coalesce(
            {{ json_text('payload', 'mcp_server_name') }},
            {{ json_text('payload', 'integration_type') }},
            {{ json_text('payload', 'role_name') }}
        ) as object_name,
        {{ json_text('payload', 'reason_code') }} as reason_code,
        {{ json_text('payload', 'accessor_department') }} as accessor_department,
        {{ json_document('payload', 'scopes') }} as scopes,
        {{ json_document('payload', 'audience') }} as audience,
        {{ json_document('payload', 'updates') }} as updates,
        {{ whole_number(json_text('payload', 'requested_count'), 'bigint') }} as requested_count,
        {{ whole_number(json_text('payload', 'audited_count'), 'bigint') }} as audited_count,
        {{ json_text('payload', 'enabled') }} = 'true' as is_enabled,
        occurred_at,
        ingest_seq
    from activities

)

select * from final
