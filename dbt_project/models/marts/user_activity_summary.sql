with

activities as (

    select * from {{ ref('activities') }}

),

users as (

    select * from {{ ref('users') }}

),

-- Ages are counted from the newest activity, not from the clock, so that a rebuild gives the same answer.
newest as (

    select max(occurred_at) as newest_at from activities

),

user_activities as (

    select
        users.user_id,
        activities.activity_id,
        activities.activity_type,
        activities.category,
        activities.outcome,
        activities.actor_ip_address,
        activities.actor_user_agent,
        activities.activity_date,
        activities.occurred_at,
        activities.occurred_at > newest.newest_at - interval '7' day as is_in_last_7_days,
        activities.occurred_at > newest.newest_at - interval '30' day as is_in_last_30_days
    from users
    left join activities on users.user_id = activities.actor_user_id
    cross join newest

),

totals as (

    select
        user_id,
        {{ user_activity_counts() }},
        count(case when is_in_last_7_days then 1 end) as activity_count_last_7_days,
        count(case when is_in_last_30_days then 1 end) as activity_count_last_30_days,
        count(distinct activity_date) as active_day_count,
        min(occurred_at) as first_activity_at,
        max(occurred_at) as last_activity_at
    from user_activities
    group by user_id

),

final as (

    select
        totals.*,
        {{ elapsed_days('totals.last_activity_at', 'newest.newest_at') }} as days_since_last_activity,
        coalesce(
            users.membership_status in ('removed', 'left', 'deprovisioned')
            and totals.last_activity_at > users.left_at,
            false
        ) as is_active_after_removal,
        users.current_email,
        users.membership_status,
        totals.activity_count - totals.view_count as engaged_activity_count
    from totals
    inner join users on totals.user_id = users.user_id
    cross join newest

)

select * from final
