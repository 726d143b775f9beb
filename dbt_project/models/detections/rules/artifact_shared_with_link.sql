with

activities as (

    select * from {{ ref('detection_activities') }}
    where
        activity_type = 'claude_artifact_sharing_updated'
        and audience like '%"anyone_with_link"%'

),

final as (

    select
        activity_id as anchor,
        'artifact' as subject_type,
        object_id as subject_id,
        organization_uuid,
        actor_id,
        'An artifact can be opened by anyone who has its link.' as sentence,
        {{ text_array(['activity_id']) }} as evidence_activity_ids,
        occurred_at
    from activities

)

select * from final
