with

volumes as (

    select * from {{ ref('detection_volumes') }}
    where
        behaviour = 'snapshot'
        and activity_count >= {{ var('mass_snapshot_minimum') }}
        and activity_count >= {{ var('baseline_factor') }} * coalesce(usual_count, 0)

),

final as (

    select
        cast(activity_date as {{ dbt.type_string() }}) || '/' || coalesce(organization_uuid, '') as anchor,
        {{ actor_kind('actor_type') }} as subject_type,
        actor_id as subject_id,
        organization_uuid,
        actor_id,
        {{ volume_summary('shared snapshots') }} as sentence,
        {{ text_array(['first_activity_id', 'last_activity_id']) }} as evidence_activity_ids,
        last_at as occurred_at
    from volumes

)

select * from final
