with

grants as (

    select * from {{ ref('admin_grants') }}
    where is_own_act and not is_invitation_accepted and scope_type <> 'rbac_role'

),

takeovers as (

    select * from {{ ref('detection_activities') }}
    where activity_type = 'primary_owner_transferred' and actor_id = object_id

),

found as (

    select
        activity_id,
        organization_uuid,
        principal_type,
        actor_id,
        scope_id,
        'Someone gave themselves the role ' || role_given || '.' as sentence,
        occurred_at
    from grants

    union all

    select
        activity_id,
        organization_uuid,
        'user' as principal_type,
        actor_id,
        scope_id,
        sentence,
        occurred_at
    from {{ ref('own_role_changes') }}

    union all

    select
        activity_id,
        organization_uuid,
        'user' as principal_type,
        actor_id,
        organization_uuid as scope_id,
        'Someone made themselves the primary owner.' as sentence,
        occurred_at
    from takeovers

),

final as (

    select
        activity_id || '/' || coalesce(scope_id, '') as anchor,
        principal_type as subject_type,
        actor_id as subject_id,
        organization_uuid,
        actor_id,
        sentence,
        {{ text_array(['activity_id']) }} as evidence_activity_ids,
        occurred_at
    from found

)

select * from final
