with

activities as (

    select * from {{ ref('detection_activities') }}
    where activity_type in ('org_deletion_requested', 'org_bulk_delete_initiated', 'org_deleted_via_bulk')

),

final as (

    select
        activity_id as anchor,
        'organization' as subject_type,
        organization_uuid as subject_id,
        organization_uuid,
        actor_id,
        case activity_type
            when 'org_deletion_requested' then 'The deletion of the organization was requested.'
            when 'org_bulk_delete_initiated' then 'A bulk deletion of organizations was begun.'
            else 'The organization was deleted in bulk.'
        end as sentence,
        {{ text_array(['activity_id']) }} as evidence_activity_ids,
        occurred_at
    from activities

)

select * from final
