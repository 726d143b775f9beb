with

activities as (

    select * from {{ ref('detection_activities') }}
    where
        activity_type = 'org_compliance_api_settings_updated'
        and (not is_logging_enabled or not is_api_enabled)

),

final as (

    select
        activity_id as anchor,
        'organization' as subject_type,
        organization_uuid as subject_id,
        organization_uuid,
        actor_id,
        case
            when not is_logging_enabled then 'Activity logging was switched off; what follows is not recorded.'
            else 'The Compliance API was switched off.'
        end as sentence,
        {{ text_array(['activity_id']) }} as evidence_activity_ids,
        occurred_at
    from activities

)

select * from final
