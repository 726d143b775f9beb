with

grants as (

    select * from {{ ref('admin_grants') }}
    where actor_id = principal_id

),

final as (

    select
        activity_id || '/' || coalesce(scope_id, '') as anchor,
        principal_type as subject_type,
        principal_id as subject_id,
        organization_uuid,
        actor_id,
        'Someone gave themselves the role ' || role_given || '.' as sentence,
        {{ text_array(['activity_id']) }} as evidence_activity_ids,
        occurred_at
    from grants

)

select * from final
