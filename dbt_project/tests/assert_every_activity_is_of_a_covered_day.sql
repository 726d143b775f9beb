-- Every stored activity belongs to a day in `feed_coverage`, and the daily counts add up. Only a warning, because a
-- feed that returns a record outside the requested time, for a day never read, must not stop the build.
{{ config(severity='warn', meta={'dagster': {'ref': {'name': 'feed_coverage'}}}) }}

with

stored as (

    select
        source,
        count(*) as activity_count
    from {{ ref('stg_feed__activities') }}
    group by source

),

listed as (

    select
        source,
        sum(activity_count) as activity_count
    from {{ ref('feed_coverage') }}
    where status <> 'missing'
    group by source

)

select stored.source
from stored
left join listed on stored.source = listed.source
where listed.activity_count is null or stored.activity_count <> listed.activity_count
