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

-- The last walk of each list before the item changed again, or its scope was gone.
changes as (

    select
        list_key,
        started_at as changed_at,
        started_at
    from {{ ref('int_membership_walks') }}

    union all

    select
        list_key,
        next_observed_at as changed_at,
        cast(null as {{ dbt.type_timestamp() }}) as started_at
    from listings
    where next_observed_at is not null

),

moments as (

    select
        list_key,
        changed_at,
        max(started_at) as started_at
    from changes
    group by list_key, changed_at

),

previous_walks as (

    select
        list_key,
        changed_at,
        max(started_at) over (
            partition by list_key order by changed_at rows between unbounded preceding and 1 preceding
        ) as previous_started_at
    from moments

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
                else previous_walks.previous_started_at
            end
        ) as last_seen_at
    from listings
    inner join walks on listings.list_key = walks.list_key
    left join previous_walks
        on listings.list_key = previous_walks.list_key and listings.next_observed_at = previous_walks.changed_at
    group by listings.principal_id, listings.email, listings.full_name

)

select * from final
