with

activities as (

    select * from {{ ref('detection_activities') }}
    where
        activity_type in (
            'claude_project_document_bulk_deletion_audit_truncated', 'claude_project_file_bulk_deletion_audit_truncated'
        )
        and requested_count > audited_count

),

final as (

    select
        activity_id as anchor,
        'project' as subject_type,
        object_id as subject_id,
        organization_uuid,
        actor_id,
        'Of ' || cast(requested_count as {{ dbt.type_string() }}) || ' deletions in one request, '
        || cast(audited_count as {{ dbt.type_string() }}) || ' were recorded.' as sentence,
        {{ text_array(['activity_id']) }} as evidence_activity_ids,
        occurred_at
    from activities

)

select * from final
