-- A key's status is that after its last event, unless a list shows the key, and its event count matches `key_events`.
{{ config(meta={'dagster': {'ref': {'name': 'key_lifecycle'}}}) }}

with

key_events as (

    select * from {{ ref('key_events') }}

),

last_events as (

    select
        key_id,
        key_type,
        max(event_number) as event_number,
        count(*) as event_count
    from key_events
    group by key_id, key_type

),

key_lifecycle as (

    select
        lifecycle.*,
        identities.fold
    from {{ ref('key_lifecycle') }} as lifecycle
    inner join {{ ref('int_key_identities') }} as identities
        on lifecycle.key_type = identities.key_type and lifecycle.key_id = identities.key_id

)

select
    coalesce(key_lifecycle.key_id, last_events.key_id) as key_id,
    key_lifecycle.status,
    key_events.current_status,
    key_lifecycle.lifecycle_event_count,
    last_events.event_count
from last_events
inner join key_events
    on
        last_events.key_id = key_events.key_id
        and last_events.key_type = key_events.key_type
        and last_events.event_number = key_events.event_number
full join key_lifecycle
    on last_events.key_id = key_lifecycle.key_id and last_events.key_type = key_lifecycle.key_type
where
    key_lifecycle.key_id is null
    or (key_lifecycle.fold = 'events' and key_lifecycle.status <> coalesce(key_events.current_status, 'active'))
    or key_lifecycle.lifecycle_event_count <> coalesce(last_events.event_count, 0)
