with

activities as (

    select * from {{ ref('detection_activities') }}
    where
        activity_type in (
            'org_data_export_started', 'org_data_export_accessed', 'org_members_exported',
            'audit_log_export_started', 'audit_log_export_accessed'
        )

),

final as (

    select
        activity_id as anchor,
        'organization' as subject_type,
        organization_uuid as subject_id,
        organization_uuid,
        actor_id,
        case activity_type
            when 'org_data_export_started' then 'An export of the organization''s data was started.'
            when 'org_data_export_accessed' then 'An export of the organization''s data was fetched.'
            when 'org_members_exported' then 'The list of members was exported.'
            when 'audit_log_export_started' then 'An export of the audit log was started.'
            else 'An export of the audit log was fetched.'
        end as sentence,
        {{ text_array(['activity_id']) }} as evidence_activity_ids,
        occurred_at
    from activities

)

select * from final
