{#-
  Rules about volumes and networks read this. A window of 24 hours reaches into two days: it flags the few days that have
  half of the lowest minimum a rule can be given, so that rules need not look at all of history. A build adds new
  activities to the stored rows of the same actors and days, and flags those days again.
-#}
{{
    config(
        materialized=incremental_or_table(),
        incremental_strategy='delete+insert',
        unique_key=['actor_id', 'activity_date']
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
        activity_date,
        hour_start,
        occurred_at as first_at,
        occurred_at as last_at,
        ingest_seq
    from acts

    {% if is_incremental() %}
        union all

        select built.*
        from {{ stored_rows() }} as built
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
                when '{{ behaviour }}' then {{ (lowest_threshold(rule_id, 'minimum') + 1) // 2 }}
            {% endfor %}
        end

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

)

-- Sorted by time, so that the next build finds the days it needs in a few row groups.
select * from final
order by activity_date
