with

activities as (

    select * from {{ ref('int_membership_activities') }}
    where subject = 'organization'

),

extracted as (

    select
        *,
        case activity_type
            when 'org_user_deleted' then {{ json_text('payload', 'deleted_user_id') }}
            when 'org_user_left' then actor_user_id
            when 'primary_owner_transferred' then {{ json_text('payload', 'new_owner_id') }}
            else {{ json_text('payload', 'user_id') }}
        end as principal_id,
        case activity_type
            when 'org_user_deleted' then {{ json_text('payload', 'deleted_user_email') }}
            when 'org_user_left' then actor_email
            else {{ json_text('payload', 'user_email') }}
        end as principal_email,
        {{ json_text('payload', 'previous_role') }} as previous_role,
        {{ json_text('payload', 'current_role') }} as new_role,
        {{ json_text('payload', 'previous_seat_tier') }} as previous_seat_tier,
        {{ json_text('payload', 'current_seat_tier') }} as current_seat_tier
    from activities

),

final as (

    select
        activity_id,
        'organization' as scope_type,
        organization_uuid as scope_id,
        organization_uuid,
        'user' as principal_type,
        principal_id,
        principal_email,
        case
            when activity_type = 'claude_user_seat_tier_updated' then 'seat_changed'
            when activity_type = 'org_user_deleted' then 'removed'
            when activity_type = 'org_user_left' then 'left'
            when activity_type = 'primary_owner_transferred' then 'ownership_transferred'
            when activity_type = 'scim_user_created' then 'provisioned'
            when activity_type = 'scim_user_deleted' then 'deprovisioned'
            when previous_role is null then 'added'
            when new_role is null then 'removed'
            else 'role_changed'
        end as change_type,
        previous_role,
        new_role,
        previous_seat_tier,
        current_seat_tier,
        actor_type,
        actor_id,
        actor_email,
        occurred_at
    from extracted

)

select * from final
