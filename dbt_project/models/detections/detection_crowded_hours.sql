{{ config(materialized='ephemeral') }}

with

networks as (

    {% for hours in [0, 1] %}
        select
            actor_id,
            network,
            hour_start - {{ span(hours, 'hour') }} as hour_start
        from {{ ref('detection_counts') }}
        where actor_type = 'user_actor' and network is not null
        {{ 'union all' if not loop.last }}
    {% endfor %}

),

-- Two consecutive hours that together have enough networks.
crowded as (

    select
        actor_id,
        hour_start,
        network like '%:%' as is_ipv6
    from networks
    group by actor_id, hour_start, network like '%:%'
    having count(distinct network) >= {{ threshold('overlapping_networks', 'minimum_networks') }}

),

final as (

    {% for hours in [0, 1] %}
        select
            actor_id,
            hour_start + {{ span(hours, 'hour') }} as hour_start,
            cast(hour_start + {{ span(hours, 'hour') }} as date) as activity_date,
            is_ipv6
        from crowded
        {{ 'union' if not loop.last }}
    {% endfor %}

)

select * from final
