with

-- The series that the newest walk of each list belongs to.
newest_walks as (

    select * from {{ ref('int_key_walks') }}
    where is_newest

),

walks as (

    select walks.*
    from {{ ref('int_key_walks') }} as walks
    inner join newest_walks on walks.series_key = newest_walks.series_key

),

listings as (

    select listings.*
    from {{ ref('int_key_listings') }} as listings
    inner join newest_walks on listings.series_key = newest_walks.series_key

),

events as (

    select * from {{ ref('int_key_event_states') }}
    where fold = 'events'

),

-- Keys that the list should hold by events, and keys that it ever held.
compared_keys as (

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
    inner join events
        on identities.key_type = events.key_type and identities.key_id = events.key_id and events.event_number = 1

    union

    select
        series_key,
        key_type,
        key_id
    from listings

),

{% set key = 'compared_keys.series_key, compared_keys.key_type, compared_keys.key_id' %}

-- What can begin or end a disagreement: events, changes in the list, an expiry; and the first and the newest walk.
final as (

    {% for column in ['occurred_at', 'expires_at'] %}
        select
            {{ key }},
            {{ 'events.event_number' if column == 'occurred_at' else 'null as event_number' }},
            null as listing_number,
            events.{{ column }} as occurred_at
        from compared_keys
        inner join events on compared_keys.key_type = events.key_type and compared_keys.key_id = events.key_id
        where events.{{ column }} is not null

        union all
    {% endfor %}

    {% for column in ['observed_at', 'stated_expires_at'] %}
        select
            {{ key }},
            null as event_number,
            {{ 'listings.walk_number' if column == 'observed_at' else 'null' }} as listing_number,
            listings.{{ column }} as occurred_at
        from compared_keys
        inner join listings
            on
                compared_keys.series_key = listings.series_key
                and compared_keys.key_type = listings.key_type
                and compared_keys.key_id = listings.key_id
        where listings.{{ column }} is not null

        union all
    {% endfor %}

    select
        {{ key }},
        null as event_number,
        null as listing_number,
        walks.started_at as occurred_at
    from compared_keys
    inner join walks on compared_keys.series_key = walks.series_key
    where walks.walk_number = 1 or walks.is_newest

)

select * from final
