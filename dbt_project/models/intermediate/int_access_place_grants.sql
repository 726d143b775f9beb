with

periods as (

    select * from {{ ref('int_membership_periods') }}
    where fold = 'complete' and (valid_from is null or valid_to is null or valid_from < valid_to)

),

actors as (

    select
        activity_id,
        actor_id,
        actor_email
    from {{ ref('int_membership_activities') }}

),

-- A change of the role does not interrupt a stay.
stays as (

    select
        *,
        first_value(valid_from) over (
            partition by membership_key, stay_number order by segment_number rows unbounded preceding
        ) as held_since
    from periods

),

invited as (

    select
        stays.membership_period_id,
        senders.invited_by_actor_id,
        senders.invited_by_email,
        row_number() over (
            partition by stays.membership_period_id order by senders.accepted_at, senders.activity_id
        ) as position_from_first
    from stays
    inner join {{ ref('int_invitation_senders') }} as senders
        on
            stays.scope_id = senders.organization_uuid
            and stays.principal_id = senders.user_id
            and senders.accepted_at >= stays.held_since - {{ span(5, 'minute') }}
            and senders.accepted_at <= stays.held_since + {{ span(5, 'minute') }}
    where stays.scope_type = 'organization' and stays.principal_type = 'user'

),

final as (

    select
        stays.membership_period_id as access_grant_id,
        stays.membership_key as grant_key,
        stays.principal_type as holder_type,
        stays.principal_id as holder_id,
        stays.scope_type as grant_type,
        stays.scope_id as grant_id,
        case stays.scope_type when 'organization' then stays.scope_id else places.organization_uuid end
            as organization_uuid,
        stays.period_role as granted_role,
        stays.valid_from,
        stays.valid_to,
        stays.valid_from as granted_at,
        stays.held_since,
        started.actor_id as granted_by_actor_id,
        started.actor_email as granted_by_email,
        invited.invited_by_actor_id,
        invited.invited_by_email,
        stays.start_reason,
        stays.end_reason,
        ended.actor_id as ended_by_actor_id,
        ended.actor_email as ended_by_email,
        listed.is_in_directory
    from stays
    left join {{ ref('int_membership_places') }} as places
        on stays.scope_type = places.scope_type and stays.scope_id = places.scope_id
    left join actors as started on stays.started_by_activity_id = started.activity_id
    left join actors as ended on stays.ended_by_activity_id = ended.activity_id
    left join invited
        on stays.membership_period_id = invited.membership_period_id and invited.position_from_first = 1
    left join {{ ref('current_members') }} as listed on stays.membership_period_id = listed.membership_period_id

)

select * from final
