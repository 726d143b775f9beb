with

event_states as (

    select * from {{ ref('int_key_event_states') }}

),

identities as (

    select * from {{ ref('int_key_identities') }}

),

final as (

    select event_states.*
    from event_states
    inner join identities
        on
            event_states.fold = identities.fold
            and event_states.key_type = identities.key_type
            and event_states.key_id = identities.key_id

)

select * from final
