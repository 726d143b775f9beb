{% set key = 'compared_keys.series_key, compared_keys.key_type, compared_keys.key_id' %}

with

compared_keys as (

    select * from {{ ref('int_key_compared_keys') }}

),

events as (

    select * from {{ ref('int_key_event_states') }}
    where fold = 'events'

),

-- What can begin or end a disagreement: events, changes in the list, an expiry; and the first and the newest walk.
final as (

    {% for column in ['occurred_at', 'expires_at'] %}
        select
            {{ key }},
            {{ 'events.event_number' if column == 'occurred_at' else 'null as event_number' }},
            null as listing_number,
            {{ 'events.occurred_at' if column == 'occurred_at' else 'events.expires_at as occurred_at' }}
        from compared_keys
        inner join events on compared_keys.key_type = events.key_type and compared_keys.key_id = events.key_id
        where events.{{ column }} is not null

        union all
    {% endfor %}

    {% for column in ['observed_at', 'stated_expires_at'] %}
        select
            {{ key }},
            null as event_number,
            {{ 'listings.walk_number as listing_number' if column == 'observed_at' else 'null as listing_number' }},
            listings.{{ column }} as occurred_at
        from compared_keys
        inner join {{ ref('int_key_listings') }} as listings
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
    inner join {{ ref('int_key_walks') }} as walks on compared_keys.series_key = walks.series_key
    where walks.walk_number = 1 or walks.is_newest

)

select * from final
