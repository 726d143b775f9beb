with

activities as (

    select * from {{ ref('int_membership_activities') }}
    where subject = 'end'

),

memberships as (

    select * from {{ ref('int_memberships') }}

),

-- Everything deleted, as a scope or as a principal.
ended as (

    select
        activity_id,
        case activity_type
            when 'group_deleted' then 'group'
            when 'rbac_role_deleted' then 'rbac_role'
            when 'platform_workspace_archived' then 'workspace'
            when 'platform_service_account_archived' then 'service_account'
            when 'account_deleted' then 'user'
            when 'org_deleted_via_bulk' then 'organization'
        end as ended_type,
        case activity_type
            when 'group_deleted' then stated_group_id
            when 'rbac_role_deleted' then stated_role_id
            when 'platform_workspace_archived' then workspace_id
            when 'platform_service_account_archived' then stated_service_account_id
            when 'account_deleted' then actor_user_id
            when 'org_deleted_via_bulk' then organization_uuid
        end as ended_id,
        occurred_at
    from activities

),

final as (

    select
        memberships.membership_key,
        ended.activity_id,
        'scope_deleted' as change_type,
        ended.occurred_at
    from ended
    inner join memberships
        on ended.ended_type = memberships.scope_type and ended.ended_id = memberships.scope_id

    union all

    -- All scopes that belong to an organization; its own members are above.
    select
        memberships.membership_key,
        ended.activity_id,
        'scope_deleted' as change_type,
        ended.occurred_at
    from ended
    inner join memberships on ended.ended_id = memberships.organization_uuid
    where ended.ended_type = 'organization' and memberships.scope_type <> 'organization'

    union all

    select
        memberships.membership_key,
        ended.activity_id,
        case when ended.ended_type = 'user' then 'account_deleted' else 'principal_ended' end as change_type,
        ended.occurred_at
    from ended
    inner join memberships
        on ended.ended_type = memberships.principal_type and ended.ended_id = memberships.principal_id

)

select * from final
