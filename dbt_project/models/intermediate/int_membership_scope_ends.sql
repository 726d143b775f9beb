with

activities as (

    select * from {{ ref('int_membership_activities') }}
    where subject = 'scope_end'

),

final as (

    select
        activity_id,
        case activity_type
            when 'group_deleted' then 'group'
            when 'rbac_role_deleted' then 'rbac_role'
            when 'platform_workspace_archived' then 'workspace'
        end as scope_type,
        case activity_type
            when 'group_deleted' then stated_group_id
            when 'rbac_role_deleted' then stated_role_id
            when 'platform_workspace_archived' then workspace_id
        end as scope_id,
        occurred_at,
        ingest_seq
    from activities

)

select * from final
