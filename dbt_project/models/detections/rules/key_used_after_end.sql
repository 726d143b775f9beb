with

uses as (

    select * from {{ ref('acts_without_access') }}
    where access_type = 'key'

),

final as (

    select
        {{ access_end_anchor() }} as anchor,
        'key' as subject_type,
        subject_id,
        organization_uuid,
        actor_id,
        'A key was used and not refused after it had become ' || reason || '.' as sentence,
        {{ access_end_evidence() }} as evidence_activity_ids,
        occurred_at
    from uses

)

select * from final
