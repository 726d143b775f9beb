with

activities as (

    select * from {{ ref('detection_activities') }}
    where activity_type in ('org_domain_verified', 'org_domain_removed')

),

final as (

    select
        activity_id as anchor,
        'domain' as subject_type,
        object_id as subject_id,
        organization_uuid,
        actor_id,
        case activity_type
            when 'org_domain_verified' then 'A domain was verified as the organization''s own.'
            else 'A domain was removed from the organization.'
        end as sentence,
        {{ text_array(['activity_id']) }} as evidence_activity_ids,
        occurred_at
    from activities

)

select * from final
