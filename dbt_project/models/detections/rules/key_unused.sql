with

newest as (

    select max(occurred_at) as newest_at from {{ ref('activities') }}

),

-- The feed shows the use of these types only; a platform key that only calls models would always look unused.
keys as (

    select
        *,
        {{ id_suffix('key_id') }} as key_group,
        coalesce(last_used_at, created_at, first_seen_at) as idle_since
    from {{ ref('key_lifecycle') }}
    where is_active and key_type in ('scoped_api_key', 'admin_api_key', 'unknown')

),

last_uses as (

    select
        {{ id_suffix('actor_id') }} as key_group,
        {{ value_at_last('last_activity_id', moment('last_at', 'last_activity_id')) }} as activity_id
    from {{ ref('detection_actors') }}
    where actor_type in ('api_actor', 'admin_api_key_actor')
    group by {{ id_suffix('actor_id') }}

),

last_events as (

    select
        key_type,
        key_id,
        {{ value_at_last('activity_id', 'event_number') }} as activity_id
    from {{ ref('key_events') }}
    group by key_type, key_id

),

final as (

    select
        cast(keys.idle_since as {{ dbt.type_string() }}) as anchor,
        keys.key_type as subject_type,
        keys.key_id as subject_id,
        keys.organization_uuid,
        keys.created_by_actor_id as actor_id,
        'The key is active and has not been used for {{ var("key_unused_days") }} days.' as sentence,
        case
            when coalesce(last_uses.activity_id, last_events.activity_id) is null then {{ text_array([]) }}
            else {{ text_array(['coalesce(last_uses.activity_id, last_events.activity_id)']) }}
        end as evidence_activity_ids,
        keys.idle_since + {{ span(var('key_unused_days'), 'day') }} as occurred_at
    from keys
    cross join newest
    left join last_uses on keys.key_group = last_uses.key_group
    left join last_events on keys.key_type = last_events.key_type and keys.key_id = last_events.key_id
    where keys.idle_since + {{ span(var('key_unused_days'), 'day') }} <= newest.newest_at

)

select * from final
