with

activities as (

    select * from {{ ref('int_membership_activities') }}
    where
        subject = 'organization'
        -- An update from no role to none is not a change.
        and (
            activity_type <> 'claude_user_role_updated'
            or stated_previous_role is not null
            or stated_current_role is not null
        )

),

extracted as (

    select
        *,
        case activity_type
            when 'org_user_deleted' then stated_deleted_user_id
            when 'org_user_left' then actor_user_id
            when 'primary_owner_transferred' then stated_new_owner_id
            else stated_user_id
        end as principal_id,
        case activity_type
            when 'org_user_deleted' then stated_deleted_user_email
            when 'org_user_left' then actor_email
            else stated_user_email
        end as principal_email,
        stated_previous_role as previous_role,
        stated_current_role as new_role,
        stated_previous_seat_tier as previous_seat_tier,
        stated_current_seat_tier as current_seat_tier
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
        occurred_at,
        {{ mark_columns() }}
    from extracted

)

select * from final
