with

acts as (

    select * from {{ ref('acts_without_access') }}
    where access_type = 'membership'

),

final as (

    select
        {{ access_end_anchor() }} as anchor,
        'user' as subject_type,
        subject_id,
        organization_uuid,
        actor_id,
        'Acted in the organization after the membership had ended (' || reason || ').' as sentence,
        {{ access_end_evidence() }} as evidence_activity_ids,
        occurred_at
    from acts

)

select * from final
