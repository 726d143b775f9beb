with

listings as (

    select * from {{ ref('int_membership_listings') }}

),

walks as (

    select * from {{ ref('int_membership_walks') }}

),

triggers as (

    select distinct
        listings.list_key,
        triggers.membership_key,
        triggers.occurred_at
    from {{ ref('int_membership_triggers') }} as triggers
    inner join listings on triggers.membership_key = listings.membership_key

),

-- Walks and times of triggers in one stream, so that the next walk is found without pairing them all.
stream as (

    select distinct
        list_key,
        occurred_at,
        cast(null as {{ dbt.type_timestamp() }}) as started_at
    from triggers

    union all

    select
        list_key,
        started_at as occurred_at,
        started_at
    from walks
    where list_key in (select triggers.list_key from triggers)

),

next_walks as (

    select distinct
        list_key,
        occurred_at,
        min(started_at) over (partition by list_key order by occurred_at desc) as next_started_at
    from stream

),

-- A walk sees what happened up to its start.
final as (

    select distinct
        listings.membership_key,
        listings.listed_role,
        listings.joined_at,
        walks.walk_id,
        walks.is_first_of_scope,
        walks.started_at as observed_at,
        walks.finished_at
    from triggers
    inner join next_walks
        on triggers.list_key = next_walks.list_key and triggers.occurred_at = next_walks.occurred_at
    inner join listings
        on
            triggers.membership_key = listings.membership_key
            and triggers.list_key = listings.list_key
            and next_walks.next_started_at > listings.observed_at
            and coalesce(next_walks.next_started_at < listings.next_observed_at, true)
    inner join walks
        on next_walks.list_key = walks.list_key and next_walks.next_started_at = walks.started_at
    where listings.is_present

)

select * from final
