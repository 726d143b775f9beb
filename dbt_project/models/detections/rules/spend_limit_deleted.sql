with

activities as (

    select * from {{ ref('detection_activities') }}
    where
        activity_type in (
            'platform_spend_limit_deleted', 'workspace_spend_limit_deleted', 'workspace_member_spend_limit_deleted',
            'extra_usage_spend_limit_deleted'
        )

),

final as (

    select
        activity_id as anchor,
        'spend_limit' as subject_type,
        object_id as subject_id,
        organization_uuid,
        actor_id,
        'A spend limit was deleted: ' || activity_type || '.' as sentence,
        {{ text_array(['activity_id']) }} as evidence_activity_ids,
        occurred_at
    from activities

)

select * from final
