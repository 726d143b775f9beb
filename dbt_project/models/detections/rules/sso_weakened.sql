with

activities as (

    select * from {{ ref('detection_activities') }}
    where
        activity_type in ('org_sso_connection_deactivated', 'org_sso_connection_deleted')
        or (activity_type = 'org_sso_toggled' and not is_enabled)

),

final as (

    select
        activity_id as anchor,
        'organization' as subject_type,
        organization_uuid as subject_id,
        organization_uuid,
        actor_id,
        case activity_type
            when 'org_sso_toggled' then 'Single sign-on was switched off.'
            when 'org_sso_connection_deactivated' then 'A connection to the identity provider was deactivated.'
            else 'A connection to the identity provider was deleted.'
        end as sentence,
        {{ text_array(['activity_id']) }} as evidence_activity_ids,
        occurred_at
    from activities

)

select * from final
