{#-
  Rules about volumes and networks read this. It flags the few days and hours that reach the lowest minimum a rule can be
  given, so that rules need not sum all of history to find them. A build adds new activities to the stored rows of the
  same actors and days, and flags those days again.
-#}
{{
    config(
        materialized=incremental_or_table(),
        incremental_strategy='delete+insert',
        unique_key=['actor_id', 'activity_date'],
        on_schema_change='fail'
    )
}}

with

acts as (

    select acts.* from {{ ref('detection_acts') }} as acts
    where {{ is_new('acts') }}

),

{% if is_incremental() %}
    touched as (

        select distinct
            actor_id,
            activity_date
        from acts

    ),
{% endif %}

partials as (

    select
        actor_id,
        actor_type,
        organization_uuid,
        network,
        behaviour,
        activity_id as first_activity_id,
        activity_id as last_activity_id,
        1 as activity_count,
        false as is_of_full_day,
        false as is_of_crowded_hour,
        activity_date,
        hour_start,
        occurred_at as first_at,
        occurred_at as last_at,
        ingest_seq
    from acts

    {% if is_incremental() %}
        union all

        select built.*
        from {{ this }} as built
        inner join touched on built.actor_id = touched.actor_id and built.activity_date = touched.activity_date
    {% endif %}

),

counted as (

    select
        actor_id,
        actor_type,
        organization_uuid,
        network,
        behaviour,
        {{ value_at_first('first_activity_id', moment('first_at', 'first_activity_id')) }} as first_activity_id,
        {{ value_at_last('last_activity_id', moment('last_at', 'last_activity_id')) }} as last_activity_id,
        cast(sum(activity_count) as {{ dbt.type_bigint() }}) as activity_count,
        activity_date,
        hour_start,
        min(first_at) as first_at,
        max(last_at) as last_at,
        max(ingest_seq) as ingest_seq
    from partials
    group by actor_id, actor_type, organization_uuid, network, behaviour, activity_date, hour_start

),

full_days as (

    select
        behaviour,
        actor_id,
        activity_date
    from counted
    where behaviour in ({{ literals(volume_rules()) }})
    group by behaviour, actor_id, activity_date
    having
        sum(activity_count) >= case behaviour
            {% for behaviour, rule_id in volume_rules().items() %}
                when '{{ behaviour }}' then {{ lowest_threshold(rule_id, 'minimum') }}
            {% endfor %}
        end

),

-- Not `count(distinct …)`, which does not spill to disk.
hour_networks as (

    select distinct
        actor_id,
        network,
        hour_start
    from counted
    where actor_type = 'user_actor' and network is not null

),

crowded_hours as (

    select
        actor_id,
        hour_start
    from hour_networks
    group by actor_id, hour_start
    having count(*) >= {{ lowest_threshold('overlapping_networks', 'minimum_networks') }}

),

final as (

    select
        counted.actor_id,
        counted.actor_type,
        counted.organization_uuid,
        counted.network,
        counted.behaviour,
        counted.first_activity_id,
        counted.last_activity_id,
        counted.activity_count,
        full_days.actor_id is not null as is_of_full_day,
        crowded_hours.actor_id is not null as is_of_crowded_hour,
        counted.activity_date,
        counted.hour_start,
        counted.first_at,
        counted.last_at,
        counted.ingest_seq
    from counted
    left join full_days
        on
            counted.behaviour = full_days.behaviour
            and counted.actor_id = full_days.actor_id
            and counted.activity_date = full_days.activity_date
    left join crowded_hours
        on counted.actor_id = crowded_hours.actor_id and counted.hour_start = crowded_hours.hour_start

)

-- Sorted by time, so that the next build finds the days it needs in a few row groups.
select * from final
order by activity_date
