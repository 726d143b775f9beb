{% set role = adapter.quote('current_role') %}

with

changes as (

    select * from {{ ref('membership_changes') }}
    where scope_type = 'organization' and scope_id is not null

),

listed as (

    select * from {{ ref('int_membership_listed_invitations') }}
    where invited_role is not null

),

invitations as (

    select
        scope_id,
        principal_email as invited_email,
        {{ role }} as invited_role,
        activity_id,
        false as is_listed,
        occurred_at
    from changes
    where change_type in ('invited', 'invite_resent') and {{ role }} is not null

    union all

    select
        organization_uuid as scope_id,
        invited_email,
        invited_role,
        '' as activity_id,
        true as is_listed,
        invited_at as occurred_at
    from listed

),

accepted as (

    select
        changes.activity_id,
        changes.scope_id,
        changes.principal_email,
        changes.occurred_at,
        listed.invited_role as named_role
    from changes
    left join {{ ref('int_membership_activities') }} as activities on changes.activity_id = activities.activity_id
    left join listed
        on activities.stated_invite_id = listed.invite_id and changes.scope_id = listed.organization_uuid
    where changes.change_type = 'invite_accepted'

),

newest as (

    select
        accepted.activity_id,
        invitations.is_listed,
        {{ value_at_last('invitations.invited_role', moment('invitations.occurred_at', 'invitations.activity_id')) }}
            as invited_role,
        max(invitations.occurred_at) as invited_at
    from accepted
    inner join invitations
        on
            accepted.scope_id = invitations.scope_id
            and lower(accepted.principal_email) = lower(invitations.invited_email)
            and accepted.occurred_at >= invitations.occurred_at
    group by accepted.activity_id, invitations.is_listed

),

-- The invitation that the acceptance names, else the newest one of that email.
final as (

    select
        accepted.activity_id,
        by_event.invited_role as offered_role,
        coalesce(
            accepted.named_role,
            case
                when by_list.invited_at > by_event.invited_at or by_event.invited_at is null then by_list.invited_role
            end,
            by_event.invited_role
        ) as complete_offered_role
    from accepted
    left join newest as by_event on accepted.activity_id = by_event.activity_id and not by_event.is_listed
    left join newest as by_list on accepted.activity_id = by_list.activity_id and by_list.is_listed

)

select * from final
where complete_offered_role is not null
