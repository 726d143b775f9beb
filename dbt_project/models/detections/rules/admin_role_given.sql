with

grants as (

    select * from {{ ref('admin_grants') }}
    where not is_own_act

),

final as (

    select
        activity_id || '/' || coalesce(scope_id, '') as anchor,
        principal_type as subject_type,
        principal_id as subject_id,
        organization_uuid,
        actor_id,
        'The role ' || role_given || ' was given, valid in one ' || replace(scope_type, '_', ' ') || '.' as sentence,
        {{ text_array(['activity_id']) }} as evidence_activity_ids,
        occurred_at
    from grants

)

select * from final
