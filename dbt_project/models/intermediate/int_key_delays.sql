with

-- What events said a minute before the walk, or from then on up to a minute after it.
final as (

    select distinct disagreements.key_name
    from {{ ref('int_key_disagreements') }} as disagreements
    inner join {{ ref('int_key_event_states') }} as events
        on
            events.fold = 'events'
            and disagreements.key_type = events.key_type
            and disagreements.key_id = events.key_id
            and events.occurred_at > disagreements.started_at - {{ span(1, 'minute') }}
            and events.occurred_at <= disagreements.finished_at + {{ span(1, 'minute') }}
    where
        {{ key_difference('events.key_type', 'events.current_status', 'is_listed', 'directory_value') }} is null
        or {{ key_difference('events.key_type', 'events.previous_status', 'is_listed', 'directory_value') }} is null

)

select * from final
