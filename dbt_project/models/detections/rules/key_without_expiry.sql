with

keys as (

    select * from {{ ref('key_lifecycle') }}
    where is_active and is_in_directory and expires_at is null

),

creations as (

    select
        key_type,
        key_id,
        {{ value_at_first('activity_id', 'event_number') }} as activity_id
    from {{ ref('key_events') }}
    where event_type = 'created'
    group by key_type, key_id

),

final as (

    select
        'no expiry' as anchor,
        keys.key_type as subject_type,
        keys.key_id as subject_id,
        keys.organization_uuid,
        keys.created_by_actor_id as actor_id,
        'The key is active and never expires.' as sentence,
        case
            when creations.activity_id is null then {{ text_array([]) }}
            else {{ text_array(['creations.activity_id']) }}
        end as evidence_activity_ids,
        coalesce(keys.created_at, keys.first_seen_at) as occurred_at
    from keys
    left join creations on keys.key_type = creations.key_type and keys.key_id = creations.key_id

)

select * from final
