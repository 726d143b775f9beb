{% set learning_days = threshold('compliance_read_by_new_key', 'learning_days') %}

with

beginning as (

    select min(occurred_at) as began_at from {{ ref('activities') }}

),

reads as (

    select
        actor_id,
        {{ value_at_first('first_activity_id', moment('first_at', 'first_activity_id')) }} as activity_id,
        min(first_at) as occurred_at
    from {{ ref('detection_actors') }}
    where behaviour = 'compliance_read'
    group by actor_id

),

final as (

    select
        'first read' as anchor,
        'key' as subject_type,
        reads.actor_id as subject_id,
        cast(null as {{ dbt.type_string() }}) as organization_uuid,
        reads.actor_id,
        'A key read compliance data for the first time.' as sentence,
        {{ text_array(['reads.activity_id']) }} as evidence_activity_ids,
        reads.occurred_at
    from reads
    cross join beginning
    where reads.occurred_at >= beginning.began_at + {{ span(learning_days, 'day') }}

)

select * from final
