with

seen as (

    select * from {{ ref('int_user_listed_observations') }}

),

named as (

    select
        user_id,
        {{ value_at_last('full_name', moment('last_seen_at', 'full_name')) }} as full_name
    from seen
    where full_name is not null
    group by user_id

),

present as (

    select distinct principal_id as user_id
    from {{ ref('int_membership_listings') }}
    where is_present and next_observed_at is null

),

users as (

    select distinct user_id
    from seen

),

final as (

    select
        users.user_id,
        named.full_name,
        present.user_id is not null as is_in_directory
    from users
    left join named on users.user_id = named.user_id
    left join present on users.user_id = present.user_id

)

select * from final
