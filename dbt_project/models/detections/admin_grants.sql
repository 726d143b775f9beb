{{ config(materialized='view') }}

{% set ranked_scopes = ['organization', 'workspace', 'organization_role', 'workspace_role'] %}

with

changes as (

    select
        *,
        {{ adapter.quote('current_role') }} as new_role
    from {{ ref('membership_changes') }}
    where change_type in ('added', 'role_changed', 'invited')

),

-- The feed identifies a custom role only by id; its name is in the activity that created it.
role_names as (

    select
        object_id as role_id,
        max(object_name) as role_name
    from {{ ref('detection_activities') }}
    where activity_type = 'rbac_role_created'
    group by object_id

),

-- Outside organizations and workspaces, only roles with `admin` in their name count; a project owner does not.
granted as (

    select
        changes.*,
        lower(coalesce(changes.new_role, role_names.role_name)) as role_given
    from changes
    left join role_names on changes.scope_type = 'rbac_role' and changes.scope_id = role_names.role_id
    where
        case
            when changes.scope_type in ({{ literals(ranked_scopes) }})
                then {{ role_rank('changes.new_role') }} > {{ role_rank('changes.previous_role') }}
            when changes.scope_type = 'design_project' then false
            else
                lower(coalesce(changes.new_role, role_names.role_name)) like '%admin%'
                and coalesce(lower(changes.previous_role), '') not like '%admin%'
        end

),

service_account_updates as (

    select * from {{ ref('detection_activities') }}
    where activity_type = 'platform_service_account_updated'

),

service_account_entries as (

    {{ update_entries('service_account_updates', 'service_account_updates.updates') | indent(4) }}

),

final as (

    select
        granted.activity_id,
        granted.organization_uuid,
        granted.scope_type,
        granted.scope_id,
        granted.principal_type,
        coalesce(granted.principal_id, granted.principal_email) as principal_id,
        granted.actor_id,
        granted.role_given,
        case
            when granted.principal_id is null or granted.principal_type = 'invitee'
                then coalesce(lower(granted.principal_email) = lower(granted.actor_email), false)
            else coalesce(granted.principal_id = granted.actor_id, false)
        end as is_own_act,
        accepted.activity_id is not null as is_invitation_accepted,
        granted.occurred_at
    from granted
    left join {{ ref('accepted_invitations') }} as accepted
        on
            granted.activity_id = accepted.activity_id
            and granted.principal_id = accepted.principal_id
            and (
                accepted.offered_role is null
                or {{ role_rank('accepted.offered_role') }} >= {{ role_rank('granted.role_given') }}
            )

    union all

    select
        activity_id,
        organization_uuid,
        'organization' as scope_type,
        organization_uuid as scope_id,
        'service_account' as principal_type,
        object_id as principal_id,
        actor_id,
        lower(current_value) as role_given,
        coalesce(actor_id = object_id, false) as is_own_act,
        false as is_invitation_accepted,
        occurred_at
    from service_account_entries
    where update_type = 'organization_role' and {{ role_rank('current_value') }} > 0

)

select * from final
