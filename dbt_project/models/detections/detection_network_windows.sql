{#- Few hours have many networks; only their activities are read one by one. -#}
{{ config(materialized='table') }}

{% set hour = span(1, 'hour') %}

with

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
    inner join {{ ref('detection_crowded_hours') }} as hours
        on
            acts.activity_date = hours.activity_date
            and acts.actor_id = hours.actor_id
            and acts.hour_start = hours.hour_start
            and (acts.network like '%:%') = hours.is_ipv6
    where acts.actor_type = 'user_actor' and not {{ is_allowed_network('overlapping_networks', 'acts.network') }}

),

-- One row per activity and network of the hour that ends with it. A network that the person returns to has
-- several runs.
windows as (

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

),

crowded as (

    select activity_id
    from windows
    group by activity_id
    having count(*) >= {{ threshold('overlapping_networks', 'minimum_networks') }} and max(run_count) > 1

),

final as (

    select windows.*
    from windows
    inner join crowded on windows.activity_id = crowded.activity_id

)

select * from final
