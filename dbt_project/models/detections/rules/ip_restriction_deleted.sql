with

activities as (

    select * from {{ ref('detection_activities') }}
    where activity_type = 'org_ip_restriction_deleted'

),

final as (

    select
        activity_id as anchor,
        'organization' as subject_type,
        organization_uuid as subject_id,
        organization_uuid,
        actor_id,
        'A restriction to IP addresses was deleted.' as sentence,
        {{ text_array(['activity_id']) }} as evidence_activity_ids,
        occurred_at
    from activities

)

select * from final
