{{ config(materialized='table') }}

with

valued as (

    select
        points.series_key,
        points.key_type,
        points.key_id,
        points.walk_number,
        points.last_event_at,
        walks.walk_id,
        walks.organization_uuid,
        {{ status_at('events.current_status', 'events.expires_at', 'walks.started_at') }} as event_value,
        case
            when listings.is_present
                then {{ status_at('listings.stated_status', 'listings.stated_expires_at', 'walks.started_at') }}
        end as directory_value,
        coalesce(listings.is_present, false) as is_listed,
        walks.is_newest,
        listings.stated_created_at,
        walks.started_at,
        walks.finished_at
    from {{ ref('int_key_comparison_points') }} as points
    inner join {{ ref('int_key_walks') }} as walks
        on points.series_key = walks.series_key and points.walk_number = walks.walk_number
    left join {{ ref('int_key_event_states') }} as events
        on
            events.fold = 'events'
            and points.key_type = events.key_type
            and points.key_id = events.key_id
            and points.event_number = events.event_number
    left join {{ ref('int_key_listings') }} as listings
        on
            points.series_key = listings.series_key
            and points.key_type = listings.key_type
            and points.key_id = listings.key_id
            and points.listing_number = listings.walk_number

),

final as (

    select
        *,
        {{ key_difference('key_type', 'event_value', 'is_listed', 'directory_value') }} as difference_kind
    from valued

)

select * from final
