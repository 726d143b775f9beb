{#- A view, because its readers select new rows, or those of some actors and days. -#}
{{ config(materialized='view') }}

{% set behaviours = {
    'download': ['claude_file_exported', 'platform_file_content_downloaded'],
    'upload': [
        'claude_file_uploaded', 'claude_project_document_uploaded', 'claude_project_file_uploaded',
        'platform_file_uploaded',
    ],
    'deletion': [
        'claude_chat_deleted', 'claude_file_deleted', 'claude_project_deleted', 'claude_project_document_deleted',
        'claude_project_file_deleted', 'claude_published_artifact_deleted', 'claude_skill_deleted',
        'design_project_deleted', 'platform_agent_deleted', 'platform_file_deleted', 'platform_memory_deleted',
        'platform_memory_store_deleted',
    ],
    'chat_creation': ['claude_chat_created'],
    'member_removal': ['org_user_deleted', 'scim_user_deleted'],
    'role_grant': ['role_assignment_granted'],
    'snapshot': ['claude_chat_snapshot_created', 'session_share_created'],
    'access_failure': [
        'claude_artifact_access_failed', 'claude_chat_access_failed', 'claude_file_access_failed',
        'claude_project_document_access_failed', 'claude_project_file_access_failed',
    ],
    'enumeration': [
        'group_list_viewed', 'group_member_list_viewed', 'group_viewed', 'org_invites_listed', 'org_user_viewed',
        'org_users_listed', 'platform_workspace_member_viewed', 'platform_workspace_members_listed',
    ],
} %}

with

-- Answers to invitations and leaving are legitimate without a membership. This product's own reads count, because its
-- key can be stolen too.
final as (

    select
        activity_id,
        coalesce(actor_id, actor_ip_address) as actor_id,
        actor_type,
        organization_uuid,
        actor_network as network,
        case
            {% for behaviour, activity_types in behaviours.items() %}
                when activity_type in ({{ literals(activity_types) }}) then '{{ behaviour }}'
            {% endfor %}
            when activity_type = 'compliance_api_accessed' and status_code in (401, 403) then 'refused_read'
            when activity_type = 'compliance_api_accessed' then 'compliance_read'
            when activity_type in ('session_revoked', 'trusted_device_revoked', 'user_logged_out') then 'session_end'
            -- A request that the actor turned down is a failure for who made it, and an act of the actor.
            when activity_type in ('admin_connector_request_resolved', 'org_join_proposal_decided') then 'other'
            when outcome = 'failure' then 'refused'
            else 'other'
        end as behaviour,
        activity_date,
        {{ dbt.date_trunc('hour', 'occurred_at') }} as hour_start,
        occurred_at,
        {{ mark_columns() }}
    from {{ ref('activities') }}
    where
        coalesce(actor_id, actor_ip_address) is not null
        and actor_type not in ('anthropic_actor', 'system_actor')
        and activity_type not in ('org_user_invite_accepted', 'org_user_invite_rejected', 'org_user_left')

)

select * from final
