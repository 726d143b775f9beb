{{ config(materialized=incremental_or_table(), incremental_strategy='append') }}

{% set subjects = {
    'organization': [
        'claude_user_role_updated', 'claude_user_seat_tier_updated', 'org_user_deleted', 'org_user_left',
        'primary_owner_transferred', 'scim_user_created', 'scim_user_deleted',
    ],
    'invitation': [
        'org_user_invite_sent', 'org_user_invite_re_sent', 'org_user_invite_accepted', 'org_user_invite_rejected',
        'org_user_invite_deleted',
    ],
    'workspace': [
        'platform_workspace_member_added', 'platform_workspace_member_updated', 'platform_workspace_member_removed',
        'platform_service_account_workspace_member_added', 'platform_service_account_workspace_member_updated',
        'platform_service_account_workspace_member_removed',
    ],
    'group': ['group_member_added', 'group_member_removed'],
    'role': ['rbac_role_assigned', 'rbac_role_unassigned', 'role_assignment_granted', 'role_assignment_revoked'],
    'design_project': [
        'design_project_member_added', 'design_project_member_role_updated', 'design_project_member_removed',
    ],
    'end': [
        'group_deleted', 'rbac_role_deleted', 'platform_workspace_archived', 'platform_service_account_archived',
        'org_deleted_via_bulk', 'account_deleted',
    ],
    'place': [
        'group_created', 'group_updated', 'group_viewed', 'group_visibility_updated', 'group_member_list_viewed',
        'group_member_addition_failed', 'group_member_removal_failed', 'rbac_role_created',
        'platform_workspace_created', 'design_project_created',
    ],
} %}

{% set fields = {
    'user_id': 'text', 'user_email': 'text', 'deleted_user_id': 'text', 'deleted_user_email': 'text',
    'new_owner_id': 'text', 'previous_owner_id': 'text', 'previous_role': 'text', 'current_role': 'text',
    'previous_seat_tier': 'text', 'current_seat_tier': 'text', 'invited_email': 'text', 'invited_role': 'text',
    'invited_seat_tier': 'text', 'service_account_id': 'text', 'updates': 'json', 'group_id': 'text',
    'member_ids': 'json', 'role_id': 'text', 'resource_type': 'text', 'resource_id': 'text', 'principal_type': 'text',
    'principal_id': 'text', 'target_type': 'text', 'target_id': 'text', 'target_email': 'text', 'role': 'text',
    'design_project_id': 'text', 'invite_id': 'text',
} %}

with

activities as (

    select activities.* from {{ ref('activities') }} as activities
    where
        activities.activity_type in ({{ literals(subjects.values() | sum(start=[])) }})
        and {{ is_new('activities') }}

),

parsed as (

    select
        *,
        case
            {% for subject, activity_types in subjects.items() %}
                when activity_type in ({{ literals(activity_types) }}) then '{{ subject }}'
            {% endfor %}
        end as subject,
        {{ json_record('payload', fields) }} as stated
    from activities

),

final as (

    select
        activity_id,
        organization_uuid,
        workspace_id,
        activity_type,
        subject,
        actor_type,
        actor_id,
        actor_user_id,
        actor_email,
        {% for field in fields %}
            {{ record_field('stated', field) }} as stated_{{ field }},
        {% endfor %}
        occurred_at,
        ingest_seq
    from parsed

)

select * from final
