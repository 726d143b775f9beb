with

final as (

    select
        event_states.activity_id,
        event_states.key_id,
        event_states.key_type,
        event_states.event_type,
        event_states.workspace_id,
        event_states.actor_type,
        event_states.actor_id,
        event_states.actor_email,
        event_states.key_name,
        event_states.scopes,
        event_states.previous_status,
        event_states.current_status,
        event_states.event_number,
        event_states.is_status_change,
        event_states.is_status_stated,
        event_states.occurred_at,
        event_states.expires_at
    from {{ ref('int_key_event_states') }} as event_states
    inner join {{ ref('int_key_identities') }} as identities
        on
            event_states.fold = identities.fold
            and event_states.key_type = identities.key_type
            and event_states.key_id = identities.key_id

)

select * from final
