with

acts as (

    select * from {{ ref('detection_activities') }}
    where scripted_agent is not null and actor_id is not null

),

{% set instant = moment('occurred_at', 'activity_id') %}

final as (

    select
        scripted_agent as anchor,
        'user' as subject_type,
        actor_id as subject_id,
        {{ value_at_first('organization_uuid', instant) }} as organization_uuid,
        actor_id,
        'Acted by the program ' || scripted_agent || ' for the first time.' as sentence,
        {{ text_array([value_at_first('activity_id', instant)]) }} as evidence_activity_ids,
        min(occurred_at) as occurred_at
    from acts
    group by actor_id, scripted_agent

)

select * from final
