with

activities as (

    select * from {{ ref('detection_activities') }}
    where activity_type = 'ghe_webhook_signature_invalid'

),

final as (

    select
        activity_id as anchor,
        'ghe_configuration' as subject_type,
        object_id as subject_id,
        organization_uuid,
        actor_id,
        'A webhook of GitHub Enterprise had a signature that does not match.' as sentence,
        {{ text_array(['activity_id']) }} as evidence_activity_ids,
        occurred_at
    from activities

)

select * from final
