with

changes as (

    select * from {{ ref('membership_changes') }}
    where scope_type = 'organization'

),

activities as (

    select * from {{ ref('int_membership_activities') }}
    where subject = 'invitation'

),

-- The list of invitations has the address of an invitation that the acceptance names; else it is the actor's own.
accepted as (

    select
        changes.activity_id,
        changes.scope_id as organization_uuid,
        changes.principal_id as user_id,
        changes.occurred_at,
        lower(coalesce(listed.invited_email, changes.principal_email)) as invited_email
    from changes
    left join activities on changes.activity_id = activities.activity_id
    left join {{ ref('int_membership_listed_invitations') }} as listed
        on activities.stated_invite_id = listed.invite_id and changes.scope_id = listed.organization_uuid
    where changes.change_type = 'invite_accepted' and changes.principal_id is not null

),

final as (

    select
        accepted.activity_id,
        accepted.organization_uuid,
        accepted.user_id,
        accepted.occurred_at as accepted_at,
        sent.actor_id as invited_by_actor_id,
        sent.actor_email as invited_by_email,
        row_number() over (
            partition by accepted.activity_id order by sent.occurred_at desc, sent.activity_id desc
        ) as position_from_last
    from accepted
    inner join changes as sent
        on
            accepted.organization_uuid = sent.scope_id
            and accepted.invited_email = lower(sent.principal_email)
            and sent.change_type in ('invited', 'invite_resent')
            and accepted.occurred_at >= sent.occurred_at

)

select * from final
where position_from_last = 1
