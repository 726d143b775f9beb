{#- Seven models read it: as a table the activities and their payloads are scanned once. -#}
{{ config(materialized='table') }}

with

activities as (

    select * from {{ ref('activities') }}

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
        ('group_deleted', 'scope_end'),
        ('rbac_role_deleted', 'scope_end'),
        ('platform_workspace_archived', 'scope_end')
    ) as listed (activity_type, subject)

),

final as (

    select
        activities.activity_id,
        activities.organization_uuid,
        activities.workspace_id,
        activities.activity_type,
        activity_types.subject,
        activities.actor_type,
        activities.actor_id,
        activities.actor_user_id,
        activities.actor_email,
        activities.payload,
        activities.occurred_at
    from activities
    inner join activity_types on activities.activity_type = activity_types.activity_type

)

select * from final
