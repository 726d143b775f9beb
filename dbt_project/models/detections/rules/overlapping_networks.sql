with

-- Most hours have one network; only the few others are examined.
counts as (

    select counts.*
    from {{ ref('detection_counts') }} as counts
    where
        counts.is_of_crowded_hour
        and counts.actor_type = 'user_actor'
        and counts.network is not null
        and not {{ is_allowed_network('overlapping_networks', 'counts.network') }}

),

spans as (

    select
        actor_id,
        network,
        {{ value_at_first('first_activity_id', moment('first_at', 'first_activity_id')) }} as first_activity_id,
        hour_start,
        min(first_at) as first_at,
        max(last_at) as last_at
    from counts
    group by actor_id, network, hour_start

),

-- Two spans in one hour overlap if the later starts before an earlier one ends.
compared as (

    select
        *,
        max(last_at) over (
            partition by actor_id, hour_start order by first_at, first_activity_id
            rows between unbounded preceding and 1 preceding
        ) as earlier_last_at
    from spans

),

overlapping as (

    select
        actor_id,
        hour_start,
        {{ ordered_list('first_activity_id', 'first_at, first_activity_id') }} as activity_ids,
        count(*) as network_count,
        max(last_at) as occurred_at
    from compared
    group by actor_id, hour_start
    having
        count(*) >= {{ threshold('overlapping_networks', 'minimum_networks') }}
        and count(case when first_at < earlier_last_at then 1 end) > 0

),

final as (

    select
        cast(hour_start as {{ dbt.type_string() }}) as anchor,
        'user' as subject_type,
        actor_id as subject_id,
        cast(null as {{ dbt.type_string() }}) as organization_uuid,
        actor_id,
        'Active from ' || cast(network_count as {{ dbt.type_string() }})
        || ' networks within one hour, at overlapping times.' as sentence,
        activity_ids as evidence_activity_ids,
        occurred_at
    from overlapping

)

select * from final
