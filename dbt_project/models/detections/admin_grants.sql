{{ config(materialized='ephemeral') }}

with

changes as (

    select * from {{ ref('membership_changes') }}
    where change_type in ('added', 'role_changed', 'invited')

),

-- The feed gives a custom role by its id alone; its name stands where it was created.
role_names as (

    select
        object_id as role_id,
        max(object_name) as role_name
    from {{ ref('detection_activities') }}
    where activity_type = 'rbac_role_created'
    group by object_id

),

named as (

    select
        changes.*,
        lower(coalesce(changes.{{ adapter.quote('current_role') }}, role_names.role_name)) as role_given
    from changes
    left join role_names on changes.scope_type = 'rbac_role' and changes.scope_id = role_names.role_id

),

-- The owner of a project is no administrator: outside of organizations and workspaces the role must say so.
granted as (

    select
        activity_id,
        organization_uuid,
        scope_type,
        scope_id,
        principal_type,
        coalesce(principal_id, principal_email) as principal_id,
        actor_id,
        role_given,
        occurred_at
    from named
    where
        coalesce(lower(previous_role), '') not in ({{ literals(var('admin_roles')) }})
        and (
            (scope_type in ('organization', 'workspace') and role_given in ({{ literals(var('admin_roles')) }}))
            or (scope_type not in ('organization', 'workspace', 'design_project') and role_given like '%admin%')
        )

),

service_account_updates as (

    select * from {{ ref('detection_activities') }}
    where activity_type = 'platform_service_account_updated'

),

service_account_entries as (

    {{ update_entries('service_account_updates', 'service_account_updates.updates') | indent(4) }}

),

final as (

    select * from granted

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
        occurred_at
    from service_account_entries
    where update_type = 'organization_role' and lower(current_value) in ({{ literals(var('admin_roles')) }})

)

select * from final
