with

activities as (

    select * from {{ ref('int_membership_activities') }}
    where subject = 'group'

),

named as (

    {{ json_items('activities', 'stated_member_ids', ['activity_id']) | indent(4) }}

),

members as (

    select distinct
        activity_id,
        item as member_id
    from named
    where item is not null

),

final as (

    select
        activities.activity_id,
        'group' as scope_type,
        activities.stated_group_id as scope_id,
        activities.organization_uuid,
        case when left(members.member_id, 5) = 'svac_' then 'service_account' else 'user' end as principal_type,
        members.member_id as principal_id,
        cast(null as {{ dbt.type_string() }}) as principal_email,
        case activities.activity_type
            when 'group_member_added' then 'added'
            when 'group_member_removed' then 'removed'
        end as change_type,
        cast(null as {{ dbt.type_string() }}) as previous_role,
        cast(null as {{ dbt.type_string() }}) as new_role,
        cast(null as {{ dbt.type_string() }}) as previous_seat_tier,
        cast(null as {{ dbt.type_string() }}) as current_seat_tier,
        activities.actor_type,
        activities.actor_id,
        activities.actor_email,
        activities.occurred_at,
        {{ mark_columns('activities') }}
    from activities
    left join members on activities.activity_id = members.activity_id

)

select * from final
