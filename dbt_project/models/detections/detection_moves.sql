{#- Few people are ever in two places; without a database of locations, nobody is. -#}
{{ config(materialized='ephemeral') }}

with

addresses as (

    select
        {{ ip_network('ip_address') }} as network,
        country,
        latitude,
        longitude
    from {{ ref('stg_feed__address_locations') }}
    where latitude is not null

),

located as (

    select
        network,
        min(country) as country,
        min(latitude) as latitude,
        min(longitude) as longitude
    from addresses
    group by network

),

days as (

    select distinct
        counts.actor_id,
        counts.network,
        counts.activity_date,
        located.country,
        located.latitude,
        located.longitude
    from {{ ref('detection_counts') }} as counts
    inner join located on counts.network = located.network
    where counts.actor_type = 'user_actor'

),

-- A network of several people is an office, a VPN or a carrier, and says little about where each of them is.
shared as (

    select network
    from days
    group by network
    having count(distinct actor_id) >= {{ threshold('overlapping_networks', 'usual_people') }}

),

places as (

    select days.*
    from days
    left join shared on days.network = shared.network
    where shared.network is null and not {{ is_allowed_network('impossible_travel', 'days.network') }}

),

-- Days on which, or on the day before, the person was elsewhere.
travelled as (

    select distinct
        places.actor_id,
        places.network,
        places.activity_date,
        places.country,
        places.latitude,
        places.longitude
    from places
    inner join places as elsewhere
        on
            places.actor_id = elsewhere.actor_id
            and places.activity_date <= elsewhere.activity_date + {{ span(1, 'day') }}
            and elsewhere.activity_date <= places.activity_date + {{ span(1, 'day') }}
    where places.latitude <> elsewhere.latitude or places.longitude <> elsewhere.longitude

),

{% set turn = 'over (partition by acts.actor_id order by acts.occurred_at, acts.activity_id)' %}

acts as (

    select
        acts.activity_id,
        acts.actor_id,
        travelled.country,
        travelled.latitude,
        travelled.longitude,
        lag(acts.activity_id) {{ turn }} as previous_activity_id,
        lag(travelled.country) {{ turn }} as previous_country,
        lag(travelled.latitude) {{ turn }} as previous_latitude,
        lag(travelled.longitude) {{ turn }} as previous_longitude,
        lag(acts.occurred_at) {{ turn }} as previous_at,
        acts.occurred_at
    from {{ ref('detection_acts') }} as acts
    inner join travelled
        on
            acts.activity_date = travelled.activity_date
            and acts.actor_id = travelled.actor_id
            and acts.network = travelled.network
    where acts.actor_type = 'user_actor'

),

final as (

    select * from acts
    where latitude <> previous_latitude or longitude <> previous_longitude

)

select * from final
