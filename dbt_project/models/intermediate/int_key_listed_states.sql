with

listings as (

    select
        listings.*,
        row_number() over (
            partition by listings.series_key, listings.key_type, listings.key_id order by listings.walk_number desc
        ) = 1 and newest.series_key is not null as is_newest
    from {{ ref('int_key_listings') }} as listings
    left join {{ ref('int_key_walks') }} as newest on listings.series_key = newest.series_key and newest.is_newest

),

last_present as (

    select
        *,
        row_number() over (
            partition by key_type, key_id order by observed_at desc, walk_id desc
        ) as position_from_last
    from listings
    where is_present

),

present as (

    select
        key_type,
        key_id,
        max(case when is_newest and is_present then 1 else 0 end) = 1 as is_in_directory
    from listings
    group by key_type, key_id

),

final as (

    select
        last_present.key_id,
        last_present.key_type,
        last_present.partial_key_hint,
        last_present.owner_type,
        last_present.owner_id,
        last_present.created_by_id,
        last_present.created_by_type,
        present.is_in_directory,
        last_present.stated_created_at as created_at
    from last_present
    inner join present on last_present.key_type = present.key_type and last_present.key_id = present.key_id
    where last_present.position_from_last = 1

)

select * from final
