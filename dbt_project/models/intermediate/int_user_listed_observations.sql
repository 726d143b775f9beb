{#- Read by the observations of users and by their names; as a table it is computed once. -#}
{{ config(materialized='table') }}

with

listings as (

    select * from {{ ref('int_membership_listings') }}
    where is_present

),

walks as (

    select
        list_key,
        max(started_at) as last_started_at
    from {{ ref('int_membership_walks') }}
    group by list_key

),

-- The last walk of each list before the item changed again, or the list's newest walk.
previous_walks as (

    select
        list_key,
        started_at,
        lag(started_at) over (partition by list_key order by started_at) as previous_started_at
    from {{ ref('int_membership_walks') }}

),

final as (

    select
        listings.principal_id as user_id,
        listings.email,
        listings.full_name,
        min(listings.observed_at) as first_seen_at,
        max(
            case
                when listings.next_observed_at is null then walks.last_started_at
                else coalesce(previous_walks.previous_started_at, listings.observed_at)
            end
        ) as last_seen_at
    from listings
    inner join walks on listings.list_key = walks.list_key
    left join previous_walks
        on listings.list_key = previous_walks.list_key and listings.next_observed_at = previous_walks.started_at
    group by listings.principal_id, listings.email, listings.full_name

)

select * from final
