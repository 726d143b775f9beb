with

-- The series that the newest walk of each list belongs to.
newest_walks as (

    select * from {{ ref('int_key_walks') }}
    where is_newest

),

events as (

    select distinct
        key_type,
        key_id
    from {{ ref('int_key_event_states') }}
    where fold = 'events'

),

-- Keys that the list should hold by events, and keys that it ever held.
final as (

    select
        newest_walks.series_key,
        events.key_type,
        events.key_id
    from events
    inner join {{ ref('int_key_lists') }} as lists
        on events.key_type = lists.key_type and events.key_id = lists.key_id
    inner join newest_walks on lists.key_type = newest_walks.key_type and lists.parent_key = newest_walks.parent_key

    union

    select
        listings.series_key,
        listings.key_type,
        listings.key_id
    from {{ ref('int_key_listings') }} as listings
    inner join newest_walks on listings.series_key = newest_walks.series_key

)

select * from final
