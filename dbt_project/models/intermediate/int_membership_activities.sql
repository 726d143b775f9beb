{{
    config(
        materialized=incremental_or_table(),
        incremental_strategy='append',
        on_schema_change='fail'
    )
}}

with

activities as (

    select activities.* from {{ ref('activities') }} as activities
    where {{ is_new('activities') }}

),

activity_types as (

    select
        listed.activity_type,
        listed.subject
    from (
        values
        ('claude_user_role_updated', 'organization'),
        ('claude_user_seat_tier_updated', 'organization'),
        ('org_user_deleted', 'organization'),
        ('org_user_left', 'organization'),
        ('primary_owner_transferred', 'organization'),
        ('scim_user_created', 'organization'),
        ('scim_user_deleted', 'organization'),
        ('org_user_invite_sent', 'invitation'),
        ('org_user_invite_re_sent', 'invitation'),
        ('org_user_invite_accepted', 'invitation'),
        ('org_user_invite_rejected', 'invitation'),
        ('org_user_invite_deleted', 'invitation'),
        ('platform_workspace_member_added', 'workspace'),
        ('platform_workspace_member_updated', 'workspace'),
        ('platform_workspace_member_removed', 'workspace'),
        ('platform_service_account_workspace_member_added', 'workspace'),
        ('platform_service_account_workspace_member_updated', 'workspace'),
        ('platform_service_account_workspace_member_removed', 'workspace'),
        ('group_member_added', 'group'),
        ('group_member_removed', 'group'),
        ('rbac_role_assigned', 'role'),
        ('rbac_role_unassigned', 'role'),
        ('role_assignment_granted', 'role'),
        ('role_assignment_revoked', 'role'),
        ('design_project_member_added', 'design_project'),
        ('design_project_member_role_updated', 'design_project'),
        ('design_project_member_removed', 'design_project'),
        ('group_deleted', 'end'),
        ('rbac_role_deleted', 'end'),
        ('platform_workspace_archived', 'end'),
        ('platform_service_account_archived', 'end'),
        ('org_deleted_via_bulk', 'end'),
        ('account_deleted', 'end'),
        ('group_created', 'place'),
        ('group_updated', 'place'),
        ('group_viewed', 'place'),
        ('group_visibility_updated', 'place'),
        ('group_member_list_viewed', 'place'),
        ('group_member_addition_failed', 'place'),
        ('group_member_removal_failed', 'place'),
        ('rbac_role_created', 'place'),
        ('platform_workspace_created', 'place'),
        ('design_project_created', 'place')
    ) as listed (activity_type, subject)

),

{% set fields = {
    'user_id': 'text',
    'user_email': 'text',
    'deleted_user_id': 'text',
    'deleted_user_email': 'text',
    'new_owner_id': 'text',
    'previous_owner_id': 'text',
    'previous_role': 'text',
    'current_role': 'text',
    'previous_seat_tier': 'text',
    'current_seat_tier': 'text',
    'invited_email': 'text',
    'invited_role': 'text',
    'invited_seat_tier': 'text',
    'service_account_id': 'text',
    'updates': 'json',
    'group_id': 'text',
    'member_ids': 'json',
    'role_id': 'text',
    'resource_type': 'text',
    'resource_id': 'text',
    'principal_type': 'text',
    'principal_id': 'text',
    'target_type': 'text',
    'target_id': 'text',
    'target_email': 'text',
    'role': 'text',
    'design_project_id': 'text',
} %}

parsed as (

    select
        activities.*,
        activity_types.subject,
        {{ json_record('activities.payload', fields) }} as stated
    from activities
    inner join activity_types on activities.activity_type = activity_types.activity_type

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
