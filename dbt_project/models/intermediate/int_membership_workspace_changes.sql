with

activities as (

    select * from {{ ref('int_membership_activities') }}
    where subject = 'workspace'

),

updates as (

    {{ update_entries('activities', 'stated_updates', ['activity_id']) | indent(4) }}

),

role_updates as (

    select
        activity_id,
        previous_value,
        current_value,
        row_number() over (partition by activity_id order by update_index asc) as position_from_first,
        row_number() over (partition by activity_id order by update_index desc) as position_from_last
    from updates
    where update_type = 'workspace_role'

),

roles as (

    select
        activity_id,
        max(case when position_from_first = 1 then previous_value end) as previous_role,
        max(case when position_from_last = 1 then current_value end) as new_role
    from role_updates
    group by activity_id

),

final as (

    select
        activities.activity_id,
        'workspace' as scope_type,
        activities.workspace_id as scope_id,
        activities.organization_uuid,
        case
            when activities.activity_type like 'platform_service_account%' then 'service_account'
            else 'user'
        end as principal_type,
        case
            when activities.activity_type like 'platform_service_account%'
                then activities.stated_service_account_id
            else activities.stated_user_id
        end as principal_id,
        cast(null as {{ dbt.type_string() }}) as principal_email,
        case
            when activities.activity_type like '%added' then 'added'
            when activities.activity_type like '%updated' then 'role_changed'
            when activities.activity_type like '%removed' then 'removed'
        end as change_type,
        roles.previous_role,
        roles.new_role,
        cast(null as {{ dbt.type_string() }}) as previous_seat_tier,
        cast(null as {{ dbt.type_string() }}) as current_seat_tier,
        activities.actor_type,
        activities.actor_id,
        activities.actor_email,
        activities.occurred_at,
        {{ mark_columns('activities') }}
    from activities
    left join roles on activities.activity_id = roles.activity_id

)

select * from final
