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
        identities.key_type,
        identities.key_id
    from {{ ref('int_key_identities') }} as identities
    inner join newest_walks
        on
            identities.key_type = newest_walks.key_type
            and (
                newest_walks.organization_uuid is null
                or identities.organization_uuid = newest_walks.organization_uuid
            )
    inner join events on identities.key_type = events.key_type and identities.key_id = events.key_id

    union

    select
        listings.series_key,
        listings.key_type,
        listings.key_id
    from {{ ref('int_key_listings') }} as listings
    inner join newest_walks on listings.series_key = newest_walks.series_key

)

select * from final
