"""Typical queries of analysts and BI tools on the marts, to be timed."""

QUERIES = {
    "activities by category and month": """
        select date_trunc('month', occurred_at), category, count(*) from marts.activities group by all
        """,
    "what one person did in the last month": """
        select occurred_at, activity_type, actor_ip_address
        from marts.activities
        where actor_user_id = (select min(user_id) from marts.users)
            and occurred_at > (select max(occurred_at) - interval 30 day from marts.activities)
        order by occurred_at
        """,
    "one activity by its id, whole": """
        select payload from marts.activities where activity_id = (select max(activity_id) from marts.key_events)
        """,
    "how many were members half a year ago": """
        with asked as (
            select max(occurred_at) - interval 180 day as moment from marts.activities
        )
        select count(distinct principal_id)
        from marts.membership_periods, asked
        where coalesce(valid_from, '-infinity') <= moment and coalesce(valid_to, 'infinity') > moment
        """,
    "keys not used for 90 days": """
        select count(*) from marts.key_lifecycle where is_active and days_since_last_use > 90
        """,
    "the most active people of each week": """
        with weekly as (
            select date_trunc('week', activity_date) as week, user_id, sum(activity_count) as activity_count
            from marts.user_activity_daily
            group by all
        )
        from weekly
        qualify row_number() over (partition by week order by activity_count desc) <= 10
        """,
    "failed logins by address": """
        select actor_ip_address, count(*)
        from marts.logins
        where outcome = 'failure'
        group by all order by 2 desc limit 20
        """,
}
