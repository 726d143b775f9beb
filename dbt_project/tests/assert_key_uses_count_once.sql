-- Every activity of an API key belongs to exactly one key, whatever ids and types the key has appeared with.
{{ config(meta={'dagster': {'ref': {'name': 'key_lifecycle'}}}) }}

with

acted as (

    select count(*) as use_count
    from {{ ref('activities') }}
    where actor_type in ('api_actor', 'admin_api_key_actor') and actor_id is not null

),

counted as (

    select coalesce(sum(use_count), 0) as use_count
    from {{ ref('key_lifecycle') }}
    where key_type in ('scoped_api_key', 'platform_api_key', 'admin_api_key', 'unknown')

)

select
    acted.use_count as acted_count,
    counted.use_count as counted_count
from acted
cross join counted
where acted.use_count <> counted.use_count
