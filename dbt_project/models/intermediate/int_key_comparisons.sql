{{ config(materialized='table') }}

{% set key = 'series_key, key_type, key_id' %}
{% set place = 'partition by ' ~ key ~ ' order by occurred_at, walk_number nulls first' %}

with

evidence as (

    select * from {{ ref('int_key_comparison_evidence') }}

),

walks as (

    select * from {{ ref('int_key_walks') }}

),

-- Between pieces of evidence nothing changes, so the first walk after each one speaks for those that follow.
speaking as (

    {{ walks_after('evidence', 'walks') | indent(4) }}

),

stream as (

    select
        {{ key }},
        event_number,
        listing_number,
        null as walk_number,
        occurred_at
    from evidence

    union all

    select
        speaking.series_key,
        speaking.key_type,
        speaking.key_id,
        null as event_number,
        null as listing_number,
        speaking.walk_number,
        walks.started_at as occurred_at
    from speaking
    inner join walks on speaking.series_key = walks.series_key and speaking.walk_number = walks.walk_number

),

as_of as (

    select
        {{ key }},
        walk_number,
        max(event_number) over ({{ place }} rows between unbounded preceding and current row) as event_number,
        max(listing_number) over ({{ place }} rows between unbounded preceding and current row) as listing_number,
        max(case when event_number is not null then occurred_at end) over (
            {{ place }} rows between unbounded preceding and current row
        ) as last_event_at
    from stream

),

valued as (

    select
        as_of.*,
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
    from as_of
    inner join walks on as_of.series_key = walks.series_key and as_of.walk_number = walks.walk_number
    left join {{ ref('int_key_event_states') }} as events
        on
            events.fold = 'events'
            and as_of.key_type = events.key_type
            and as_of.key_id = events.key_id
            and as_of.event_number = events.event_number
    left join {{ ref('int_key_listings') }} as listings
        on
            as_of.series_key = listings.series_key
            and as_of.key_type = listings.key_type
            and as_of.key_id = listings.key_id
            and as_of.listing_number = listings.walk_number

),

final as (

    select
        *,
        {{ key_difference('key_type', 'event_value', 'is_listed', 'directory_value') }} as difference_kind
    from valued

)

select * from final
