{{ config(materialized='ephemeral') }}

with

used as (

    select distinct
        actor_id,
        network,
        activity_date
    from {{ ref('detection_network_windows') }}

),

-- Homes and phones are known from other days; offices, VPNs and carriers from other people.
final as (

    select
        used.actor_id,
        used.network,
        used.activity_date
    from used
    inner join {{ ref('detection_counts') }} as counts
        on
            used.network = counts.network
            and used.activity_date > counts.activity_date
            and used.activity_date <= counts.activity_date + {{ span(30, 'day') }}
    where counts.actor_type = 'user_actor'
    group by used.actor_id, used.network, used.activity_date
    having
        count(distinct case when used.actor_id = counts.actor_id then counts.activity_date end)
        >= {{ threshold('overlapping_networks', 'usual_days') }}
        or count(distinct counts.actor_id) >= {{ threshold('overlapping_networks', 'usual_people') }}

)

select * from final
