with

switched_off as (

    select
        activity_id,
        organization_uuid,
        actor_id,
        max(case when switch = 'compliance_api_logging_enabled' then 1 else 0 end) = 1 as is_logging_off,
        occurred_at
    from {{ ref('int_logging_transitions') }}
    where not is_on
    group by activity_id, organization_uuid, actor_id, occurred_at

),

final as (

    select
        activity_id as anchor,
        'organization' as subject_type,
        organization_uuid as subject_id,
        organization_uuid,
        actor_id,
        case
            when is_logging_off then 'Activity logging was switched off; what follows is not recorded.'
            else 'The Compliance API was switched off.'
        end as sentence,
        {{ text_array(['activity_id']) }} as evidence_activity_ids,
        occurred_at
    from switched_off

)

select * from final
