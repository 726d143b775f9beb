{% set learning_days = threshold('compliance_read_from_new_network', 'learning_days') %}

with

reads as (

    select
        actor_id,
        network,
        {{ value_at_first('first_activity_id', moment('first_at', 'first_activity_id')) }} as activity_id,
        min(first_at) as occurred_at
    from {{ ref('detection_actors') }}
    where behaviour = 'compliance_read' and network is not null
    group by actor_id, network

),

known as (

    select
        *,
        min(occurred_at) over (partition by actor_id) as key_began_at
    from reads

),

final as (

    select
        known.network as anchor,
        'key' as subject_type,
        known.actor_id as subject_id,
        cast(null as {{ dbt.type_string() }}) as organization_uuid,
        known.actor_id,
        'Compliance data was read with a known key from the network ' || known.network || ' for the first time.'
            as sentence,
        {{ text_array(['known.activity_id']) }} as evidence_activity_ids,
        known.occurred_at
    from known
    where known.occurred_at >= known.key_began_at + {{ span(learning_days, 'day') }}

)

select * from final
