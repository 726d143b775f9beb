with

event_states as (

    select * from {{ ref('int_key_event_states') }}

),

identities as (

    select * from {{ ref('int_key_identities') }}

),

final as (

    select
        event_states.fold,
        event_states.activity_id,
        event_states.key_id,
        event_states.key_type,
        event_states.event_type,
        event_states.activity_type,
        event_states.organization_uuid,
        event_states.workspace_id,
        event_states.actor_type,
        event_states.actor_id,
        event_states.actor_email,
        event_states.key_name,
        event_states.scopes,
        event_states.previous_status,
        event_states.current_status,
        event_states.changes,
        event_states.event_number,
        event_states.is_status_change,
        event_states.is_status_stated,
        event_states.occurred_at,
        event_states.expires_at
    from event_states
    inner join identities
        on
            event_states.fold = identities.fold
            and event_states.key_type = identities.key_type
            and event_states.key_id = identities.key_id

)

select * from final
