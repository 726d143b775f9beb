with

activities as (

    select * from {{ ref('detection_activities') }}
    where activity_type = 'anthropic_access'

),

final as (

    select
        activity_id as anchor,
        'organization' as subject_type,
        organization_uuid as subject_id,
        organization_uuid,
        actor_id,
        'The provider''s staff accessed your content: reason '
        || coalesce(reason_code, 'not stated')
        || ', department '
        || coalesce(accessor_department, 'not stated')
        || '.' as sentence,
        {{ text_array(['activity_id']) }} as evidence_activity_ids,
        occurred_at
    from activities

)

select * from final
