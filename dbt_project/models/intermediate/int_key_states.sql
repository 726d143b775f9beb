with

key_events as (

    select * from {{ ref('key_events') }}

),

final as (

    select
        key_id,
        key_type,
        {{ value_at_last('workspace_id', 'event_number') }} as workspace_id,
        {{ value_at_first('actor_id', 'event_number') }} filter (where event_type = 'created') as created_by_actor_id,
        {{ value_at_first('actor_type', 'event_number') }}
        filter (where event_type = 'created') as created_by_actor_type,
        {{ value_at_last('actor_id', 'event_number') }} as last_changed_by_actor_id,
        {{ value_at_last('actor_id', 'event_number') }} filter (where is_status_change) as status_taken_by_actor_id,
        {{ value_at_last('name', 'event_number') }} as key_name,
        {{ value_at_last('current_status', 'event_number') }} as status,
        {{ value_at_last('scopes', 'event_number') }} as scopes,
        {{ value_at_first('actor_email', 'event_number') }} filter (where event_type = 'created') as created_by_email,
        count(*) as lifecycle_event_count,
        {{ value_at_first('occurred_at', 'event_number') }} filter (where event_type = 'created') as created_at,
        max(occurred_at) as last_changed_at,
        coalesce(max(occurred_at) filter (where is_status_change), min(occurred_at)) as status_taken_at,
        {{ value_at_last('expires_at', 'event_number') }} as expires_at
    from key_events
    group by key_id, key_type

)

select * from final
