with

activities as (

    select * from {{ ref('detection_activities') }}
    where activity_type = 'primary_owner_transferred'

),

final as (

    select
        activity_id as anchor,
        'user' as subject_type,
        object_id as subject_id,
        organization_uuid,
        actor_id,
        'Primary ownership of the organization was transferred.' as sentence,
        {{ text_array(['activity_id']) }} as evidence_activity_ids,
        occurred_at
    from activities

)

select * from final
