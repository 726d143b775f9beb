{#- Few hours have many networks; only these are looked at act by act. -#}
{{ config(materialized='table') }}

{% set minimum = threshold('overlapping_networks', 'minimum_networks') %}
{% set hour = span(1, 'hour') %}

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

-- Two hours one after the other that together have enough networks.
crowded as (

    select
        actor_id,
        hour_start,
        network like '%:%' as is_ipv6
    from networks
    group by actor_id, hour_start, network like '%:%'
    having count(distinct network) >= {{ minimum }}

),

hours as (

    {% for hours in [0, 1] %}
        select
            actor_id,
            hour_start + {{ span(hours, 'hour') }} as hour_start,
            cast(hour_start + {{ span(hours, 'hour') }} as date) as activity_date,
            is_ipv6
        from crowded
        {{ 'union' if not loop.last }}
    {% endfor %}

),

acts as (

    select
        acts.activity_id,
        acts.actor_id,
        acts.network,
        hours.is_ipv6,
        acts.activity_date,
        acts.occurred_at,
        lag(acts.network) over (
            partition by acts.actor_id, hours.is_ipv6 order by acts.occurred_at, acts.activity_id
        ) as previous_network,
        lag(acts.occurred_at) over (
            partition by acts.actor_id, hours.is_ipv6 order by acts.occurred_at, acts.activity_id
        ) as previous_at
    from {{ ref('detection_acts') }} as acts
    inner join hours
        on
            acts.activity_date = hours.activity_date
            and acts.actor_id = hours.actor_id
            and acts.hour_start = hours.hour_start
            and (acts.network like '%:%') = hours.is_ipv6
    where acts.actor_type = 'user_actor' and not {{ is_allowed_network('overlapping_networks', 'acts.network') }}

),

-- One row per activity and network of the hour that ends with it. A network that is come back to has several runs.
final as (

    select
        ends.activity_id,
        ends.actor_id,
        acts.network,
        {{ value_at_first('acts.activity_id', moment('acts.occurred_at', 'acts.activity_id')) }} as first_activity_id,
        count(
            case
                when acts.network <> acts.previous_network then 1
                when coalesce(acts.previous_at < ends.occurred_at - {{ hour }}, true) then 1
            end
        ) as run_count,
        ends.activity_date,
        min(acts.occurred_at) as first_at,
        ends.occurred_at
    from acts as ends
    inner join acts
        on
            ends.actor_id = acts.actor_id
            and ends.is_ipv6 = acts.is_ipv6
            and acts.occurred_at >= ends.occurred_at - {{ hour }}
            and (
                ends.occurred_at > acts.occurred_at
                or (ends.occurred_at = acts.occurred_at and ends.activity_id >= acts.activity_id)
            )
    group by ends.activity_id, ends.actor_id, acts.network, ends.activity_date, ends.occurred_at

)

select * from final
