with

activities as (

    select * from {{ ref('detection_activities') }}
    where
        activity_type in ('api_key_created', 'admin_api_key_created', 'service_key_created')
        and scopes like '%"read:compliance_%'

),

final as (

    select
        activity_id as anchor,
        'key' as subject_type,
        object_id as subject_id,
        organization_uuid,
        actor_id,
        'A key that can read compliance data was created, with the scopes ' || scopes || '.' as sentence,
        {{ text_array(['activity_id']) }} as evidence_activity_ids,
        occurred_at
    from activities

)

select * from final
