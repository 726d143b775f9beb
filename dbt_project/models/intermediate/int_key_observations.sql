{{ config(materialized='table') }}

{% set key = 'series_key, key_type, key_id' %}

with

listings as (

    select * from {{ ref('int_key_listings') }}

),

observed as (

    select
        {{ key }},
        walk_number,
        walk_number as listing_number
    from listings

    union all

    select
        repeated.series_key,
        repeated.key_type,
        repeated.key_id,
        repeated.walk_number,
        null as listing_number
    from {{ ref('int_key_restating_walks') }} as repeated
    left join listings
        on
            repeated.series_key = listings.series_key
            and repeated.key_type = listings.key_type
            and repeated.key_id = listings.key_id
            and repeated.walk_number = listings.walk_number
    where listings.key_id is null

),

as_listed as (

    select
        {{ key }},
        walk_number,
        listing_number is null as is_repeated,
        {{ last_non_null('listing_number', key, 'walk_number') }} as listing_number
    from observed

),

final as (

    select
        walks.walk_id,
        listings.key_id,
        listings.key_type,
        case when listings.is_present then 'listed' else 'gone' end as event_type,
        listings.organization_uuid,
        listings.stated_name,
        case when listings.is_present then listings.stated_status else 'deleted' end as stated_status,
        listings.stated_scopes,
        listings.stated_workspace_id,
        listings.listed_fields,
        walks.started_at,
        walks.finished_at,
        listings.stated_created_at,
        listings.stated_expires_at
    from as_listed
    inner join listings
        on
            as_listed.series_key = listings.series_key
            and as_listed.key_type = listings.key_type
            and as_listed.key_id = listings.key_id
            and as_listed.listing_number = listings.walk_number
    inner join {{ ref('int_key_walks') }} as walks
        on as_listed.series_key = walks.series_key and as_listed.walk_number = walks.walk_number
    where listings.is_present or not as_listed.is_repeated

)

select * from final
