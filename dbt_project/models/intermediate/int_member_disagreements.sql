with

-- A walk that started after the compared one is left out.
points as (

    select points.*
    from {{ ref('int_member_comparison_points') }} as points
    inner join {{ ref('int_member_comparisons') }} as comparisons
        on
            points.membership_key = comparisons.membership_key
            and points.compared_at <= comparisons.started_at

),

event_states as (

    select
        points.membership_key,
        points.compared_at,
        periods.membership_key is not null as is_event_member,
        periods.period_role as event_role
    from points
    left join {{ ref('int_membership_periods') }} as periods
        on
            periods.fold = 'events'
            and 'events:' || points.membership_key = periods.membership_key
            and coalesce(points.compared_at >= periods.valid_from, true)
            and coalesce(points.compared_at < periods.valid_to, true)

),

states as (

    select
        event_states.membership_key,
        event_states.compared_at,
        event_states.is_event_member,
        event_states.event_role,
        count(listings.list_key) > 0 as is_listed,
        {{ value_at_last('listings.listed_role', moment('listings.observed_at', 'listings.list_key')) }} as listed_role
    from event_states
    left join {{ ref('int_membership_listings') }} as listings
        on
            event_states.membership_key = listings.membership_key
            and listings.is_present
            and event_states.compared_at >= listings.observed_at
            and coalesce(event_states.compared_at < listings.next_observed_at, true)
    group by
        event_states.membership_key, event_states.compared_at, event_states.is_event_member, event_states.event_role

),

compared as (

    select
        *,
        {{ membership_difference('is_listed', 'listed_role', 'is_event_member', 'event_role') }} as difference_kind
    from states

),

agreed as (

    select
        *,
        max(case when difference_kind is null then compared_at end) over (partition by membership_key)
            as last_agreed_at
    from compared

),

final as (

    select
        membership_key,
        min(compared_at) as since
    from agreed
    where coalesce(compared_at > last_agreed_at, true)
    group by membership_key

)

select * from final
