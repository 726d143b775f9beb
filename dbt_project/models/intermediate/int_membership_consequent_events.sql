with

memberships as (

    select * from {{ ref('int_memberships') }}
    where principal_type = 'user'

),

organizations as (

    select * from memberships
    where scope_type = 'organization'

),

events as (

    select
        membership_key,
        activity_id,
        effect,
        is_direct,
        is_observed,
        is_initial,
        occurred_at
    from {{ ref('int_membership_known_events') }}
    where membership_key in (select organizations.membership_key from organizations)

    union all

    select
        membership_key,
        activity_id,
        'end' as effect,
        false as is_direct,
        false as is_observed,
        false as is_initial,
        occurred_at
    from {{ ref('int_membership_email_events') }}

),

states as (

    {{ membership_states('events') }}

),

-- Number of the user's organizations after each time; a membership with an unseen start always existed.
counted as (

    select
        organizations.principal_id,
        organizations.organization_uuid,
        organizations.fold,
        states.membership_key,
        states.is_observed,
        states.has_end and (states.is_open_before or states.has_begin) as is_end,
        sum(case when states.is_unseen_start then 1 else 0 end)
            over (
                partition by organizations.principal_id, organizations.fold
            )
        + sum(
            case when states.is_open_after then 1 else 0 end - case when states.is_open_before then 1 else 0 end
        ) over (
            partition by organizations.principal_id, organizations.fold
            order by states.occurred_at, case when states.is_observed then 1 else 0 end
        ) as open_count,
        states.occurred_at
    from states
    inner join organizations on states.membership_key = organizations.membership_key

),

ends as (

    select
        counted.principal_id,
        counted.organization_uuid,
        counted.fold,
        counted.open_count,
        min(events.activity_id) as activity_id,
        counted.occurred_at
    from counted
    inner join events
        on
            counted.membership_key = events.membership_key
            and counted.occurred_at = events.occurred_at
            and counted.is_observed = events.is_observed
            and events.effect = 'end'
    where counted.is_end
    group by
        counted.principal_id, counted.organization_uuid, counted.fold, counted.open_count, counted.occurred_at

),

-- Scopes that belong to no organization, or to several, end with the user's last organization.
final as (

    select
        memberships.membership_key,
        ends.activity_id,
        'membership_ended' as change_type,
        ends.occurred_at
    from ends
    inner join memberships
        on
            ends.principal_id = memberships.principal_id
            and ends.fold = memberships.fold
            and (
                ends.organization_uuid = memberships.organization_uuid
                or (memberships.organization_uuid is null and ends.open_count = 0)
            )
    where memberships.scope_type <> 'organization'

)

select * from final
