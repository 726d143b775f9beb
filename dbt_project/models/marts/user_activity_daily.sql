with

activities as (

    select * from {{ ref('activities') }}
    where actor_user_id is not null

),

final as (

    select
        {{ hashed_id(['activity_date', 'actor_user_id', 'organization_uuid']) }} as user_activity_daily_id,
        activity_date,
        actor_user_id as user_id,
        organization_uuid,
        {{ user_activity_counts() }},
        min(occurred_at) as first_activity_at,
        max(occurred_at) as last_activity_at
    from activities
    group by activity_date, actor_user_id, organization_uuid

)

select * from final
