with

final as (

    select event_states.*
    from {{ ref('int_key_event_states') }} as event_states
    inner join {{ ref('int_key_identities') }} as identities
        on
            event_states.fold = identities.fold
            and event_states.key_type = identities.key_type
            and event_states.key_id = identities.key_id

)

select * from final
