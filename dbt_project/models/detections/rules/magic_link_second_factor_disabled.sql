with

activities as (

    select * from {{ ref('detection_activities') }}
    where activity_type = 'org_magic_link_second_factor_toggled' and not is_enabled

),

final as (

    select
        activity_id as anchor,
        'organization' as subject_type,
        organization_uuid as subject_id,
        organization_uuid,
        actor_id,
        'The second factor for magic-link sign-ins was switched off.' as sentence,
        {{ text_array(['activity_id']) }} as evidence_activity_ids,
        occurred_at
    from activities

)

select * from final
