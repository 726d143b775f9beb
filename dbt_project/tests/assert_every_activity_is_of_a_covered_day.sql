-- Nothing is stored of a day that coverage does not list, and the days' counts add up to what is stored. A feed that
-- sends a record from outside of the time that it was asked for must not keep all others from analysts: a warning.
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
