with

created as (

    select
        *,
        case activity_type
            when 'admin_api_key_created' then 'admin_api_key'
            when 'service_key_created' then 'service_key'
            else 'platform_api_key'
        end as key_type
    from {{ ref('detection_activities') }}
    where activity_type in ('admin_api_key_created', 'service_key_created', 'platform_api_key_created')

),

final as (

    select
        created.activity_id as anchor,
        created.key_type as subject_type,
        created.object_id as subject_id,
        created.organization_uuid,
        created.actor_id,
        'A key of type ' || created.key_type || ' was created by an actor that is not on the allowlist.' as sentence,
        {{ text_array(['created.activity_id']) }} as evidence_activity_ids,
        created.occurred_at
    from created
    where {{ has_allowlist('key_made_outside_allowlist') }}

)

select * from final
