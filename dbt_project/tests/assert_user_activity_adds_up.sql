-- Every activity of a user counts once per day, once in total, and in exactly one category.
{{ config(meta={'dagster': {'ref': {'name': 'user_activity_daily'}}}) }}

with

acted as (

    select
        actor_user_id as user_id,
        count(*) as activity_count
    from {{ ref('activities') }}
    where actor_user_id is not null
    group by actor_user_id

),

daily as (

    select
        user_id,
        sum(activity_count) as activity_count
    from {{ ref('user_activity_daily') }}
    group by user_id

)

select totals.user_id
from {{ ref('user_activity_summary') }} as totals
left join acted on totals.user_id = acted.user_id
left join daily on totals.user_id = daily.user_id
where
    totals.activity_count <> coalesce(acted.activity_count, 0)
    or totals.activity_count <> coalesce(daily.activity_count, 0)
    or totals.activity_count
    <> totals.authentication_count
    + totals.access_management_count
    + totals.credentials_count
    + totals.configuration_count
    + totals.content_count
    + totals.agents_and_tools_count
    + totals.data_export_count
    + totals.billing_count
    + totals.compliance_access_count
    + totals.security_count
    + totals.unmapped_count
