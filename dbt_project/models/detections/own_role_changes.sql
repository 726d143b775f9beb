{{ config(materialized='view') }}

with

holders as (

    select * from {{ ref('role_holders') }}

),

acts as (

    select
        activity_id,
        organization_uuid,
        actor_id,
        scope_type,
        scope_id,
        principal_type,
        principal_id,
        occurred_at
    from {{ ref('membership_changes') }}
    where change_type = 'added' and actor_id is not null

),

permissions as (

    select * from {{ ref('detection_activities') }}
    where activity_type = 'rbac_role_permission_added'

),

-- Roles that the actor gained by assigning them to themselves or their group, or by joining the group.
final as (

    select distinct
        acts.activity_id,
        acts.organization_uuid,
        acts.actor_id,
        acts.scope_id,
        case
            when acts.scope_type = 'group' then 'Someone joined a group that has a role.'
            when acts.principal_type = 'group' then 'Someone assigned a role to a group that they are in.'
            else 'Someone assigned a role to themselves.'
        end as sentence,
        acts.occurred_at
    from acts
    inner join holders
        on
            acts.actor_id = holders.user_id
            and acts.occurred_at >= holders.held_from
            and acts.occurred_at < holders.held_until
    where
        (acts.scope_type = 'group' and acts.principal_id = acts.actor_id and acts.scope_id = holders.group_id)
        or (
            acts.scope_type = holders.scope_type
            and acts.scope_id = holders.scope_id
            and acts.principal_id = coalesce(holders.group_id, holders.user_id)
            and (acts.principal_type = 'group' or acts.scope_type = 'rbac_role')
        )

    union all

    select distinct
        permissions.activity_id,
        permissions.organization_uuid,
        permissions.actor_id,
        permissions.object_id as scope_id,
        'Someone added a permission to a role that they have.' as sentence,
        permissions.occurred_at
    from permissions
    inner join holders
        on
            permissions.object_id = holders.scope_id
            and permissions.actor_id = holders.user_id
            and permissions.occurred_at >= holders.held_from
            and permissions.occurred_at < holders.held_until
    where holders.scope_type = 'rbac_role'

)

select * from final
