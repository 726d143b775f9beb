{#- Read by several models of differences; as a table it is computed once. -#}
{{ config(materialized='table') }}

with

memberships as (

    select * from {{ ref('int_memberships') }}
    where principal_type = 'user'

),

walks as (

    select * from {{ ref('int_member_walks') }}

),

listed as (

    select
        listings.membership_key,
        listings.listed_role,
        min(listings.joined_at) over (partition by listings.membership_key) as joined_at,
        walks.walk_id,
        walks.started_at,
        walks.finished_at,
        row_number() over (
            partition by listings.membership_key order by walks.started_at desc, walks.walk_id desc
        ) as position_from_last
    from {{ ref('int_membership_listings') }} as listings
    inner join walks on listings.list_key = walks.list_key and walks.is_newest_of_list
    where listings.is_present and listings.next_observed_at is null

),

-- Whom a list shows is compared as of its newest walk, anyone else as of the scope's newest walk.
compared as (

    select
        memberships.membership_key,
        memberships.scope_type,
        memberships.scope_id,
        memberships.organization_uuid,
        memberships.principal_id,
        listed.membership_key is not null as is_listed,
        listed.listed_role,
        listed.joined_at,
        coalesce(listed.walk_id, walks.walk_id) as walk_id,
        coalesce(listed.started_at, walks.started_at) as started_at,
        coalesce(listed.finished_at, walks.finished_at) as finished_at
    from memberships
    inner join walks
        on
            memberships.scope_type = walks.scope_type
            and memberships.scope_id = walks.scope_id
            and walks.is_newest_of_scope
    left join listed on memberships.membership_key = listed.membership_key and listed.position_from_last = 1
    where memberships.fold = 'complete'

),

matched as (

    select
        compared.*,
        periods.membership_key is not null as is_event_member,
        periods.period_role as event_role,
        periods.stay_number
    from compared
    left join {{ ref('int_membership_periods') }} as periods
        on
            periods.fold = 'events'
            and 'events:' || compared.membership_key = periods.membership_key
            and coalesce(compared.started_at >= periods.valid_from, true)
            and coalesce(compared.started_at < periods.valid_to, true)

),

final as (

    select
        *,
        {{ membership_difference('is_listed', 'listed_role', 'is_event_member', 'event_role') }} as difference_kind
    from matched
    where is_listed or is_event_member

)

select * from final
