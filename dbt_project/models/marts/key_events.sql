with

event_states as (

    select * from {{ ref('int_key_event_states') }}
    where fold = 'events'

),

final as (

    select
        {{ generate_surrogate_key(['activity_id', 'key_type', 'key_id', 'event_type']) }} as key_event_id,
        activity_id,
        key_id,
        key_type,
        event_type,
        activity_type,
        organization_uuid,
        workspace_id,
        actor_type,
        actor_id,
        actor_email,
        key_name as name,  -- published name -- noqa: RF04
        scopes,
        previous_status,
        current_status,
        changes,
        event_number,
        is_status_change,
        occurred_at,
        expires_at
    from event_states

)

select * from final
