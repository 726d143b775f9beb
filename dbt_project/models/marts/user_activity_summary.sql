{#-
  Rebuilt by each build, because every age moves with the newest activity. Reads small tables per day and user, and 30
  days of activities.
-#}
with

users as (

    select * from {{ ref('users') }}

),

-- Ages count up to the newest activity, not to the clock, so that a rebuild gives the same answer.
newest as (

    select max(occurred_at) as newest_at from {{ ref('activities') }}

),

distinct_values as (

    select
        user_id,
        count(case when kind = 'activity_type' then 1 end) as activity_type_count,
        count(case when kind = 'ip_address' then 1 end) as ip_address_count,
        count(case when kind = 'user_agent' then 1 end) as user_agent_count
    from {{ ref('int_user_activity_values') }}
    group by user_id

),

recent as (

    select
        activities.actor_user_id as user_id,
        count(case when activities.occurred_at > newest.newest_at - interval '7' day then 1 end)
            as activity_count_last_7_days,
        count(*) as activity_count_last_30_days
    from {{ ref('activities') }} as activities
    inner join newest on activities.occurred_at > newest.newest_at - interval '30' day
    group by activities.actor_user_id

),

-- Per organization; activity without an organization counts once no membership lasts.
active_after_removal as (

    select distinct stays.user_id
    from {{ ref('int_user_organization_stays') }} as stays
    inner join users on stays.user_id = users.user_id
    inner join {{ ref('user_activity_daily') }} as daily
        on
            stays.user_id = daily.user_id
            and stays.valid_to < daily.last_activity_at
            and (
                stays.organization_uuid = daily.organization_uuid
                or (daily.organization_uuid is null and users.left_at < daily.last_activity_at)
            )
    where stays.position_from_last = 1

),

{% set categories = activity_categories() %}

final as (

    select
        users.user_id,
        coalesce(totals.activity_count, 0) as activity_count,
        coalesce(totals.view_count, 0) as view_count,
        coalesce(distinct_values.activity_type_count, 0) as activity_type_count,
        coalesce(distinct_values.ip_address_count, 0) as ip_address_count,
        coalesce(distinct_values.user_agent_count, 0) as user_agent_count,
        coalesce(totals.failure_count, 0) as failure_count,
        {% for category in categories %}
            coalesce(totals.{{ category }}_count, 0) as {{ category }}_count,
        {% endfor %}
        coalesce(recent.activity_count_last_7_days, 0) as activity_count_last_7_days,
        coalesce(recent.activity_count_last_30_days, 0) as activity_count_last_30_days,
        coalesce(totals.active_day_count, 0) as active_day_count,
        totals.first_activity_at,
        totals.last_activity_at,
        {{ elapsed_days('totals.last_activity_at', 'newest.newest_at') }} as days_since_last_activity,
        active_after_removal.user_id is not null as is_active_after_removal,
        users.current_email,
        users.membership_status,
        coalesce(totals.activity_count - totals.view_count, 0) as engaged_activity_count
    from users
    left join {{ ref('int_user_activity_totals') }} as totals on users.user_id = totals.user_id
    left join distinct_values on users.user_id = distinct_values.user_id
    left join recent on users.user_id = recent.user_id
    left join active_after_removal on users.user_id = active_after_removal.user_id
    cross join newest

)

select * from final
