with

activities as (

    select * from {{ ref('int_membership_activities') }}
    where subject = 'invitation'

),

extracted as (

    select
        *,
        activity_type in ('org_user_invite_sent', 'org_user_invite_re_sent') as is_invitation,
        activity_type in ('org_user_invite_accepted', 'org_user_invite_rejected') as is_answer,
        stated_invited_email as invited_email,
        stated_invited_role as invited_role,
        stated_invited_seat_tier as invited_seat_tier
    from activities

),

final as (

    select
        activity_id,
        'organization' as scope_type,
        organization_uuid as scope_id,
        organization_uuid,
        case when is_answer then 'user' else 'invitee' end as principal_type,
        case
            when is_invitation then invited_email
            when is_answer then actor_user_id
        end as principal_id,
        case
            when is_invitation then invited_email
            when is_answer then actor_email
        end as principal_email,
        case activity_type
            when 'org_user_invite_sent' then 'invited'
            when 'org_user_invite_re_sent' then 'invite_resent'
            when 'org_user_invite_accepted' then 'invite_accepted'
            when 'org_user_invite_rejected' then 'invite_rejected'
            when 'org_user_invite_deleted' then 'invite_withdrawn'
        end as change_type,
        cast(null as {{ dbt.type_string() }}) as previous_role,
        case when is_invitation then invited_role end as new_role,
        cast(null as {{ dbt.type_string() }}) as previous_seat_tier,
        case when is_invitation then invited_seat_tier end as current_seat_tier,
        actor_type,
        actor_id,
        actor_email,
        occurred_at,
        {{ mark_columns() }}
    from extracted

)

select * from final
