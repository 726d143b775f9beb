with

unusual as (

    select
        windows.activity_id,
        windows.actor_id,
        {{ ordered_list('windows.first_activity_id', 'windows.first_at, windows.first_activity_id') }} as activity_ids,
        count(*) as network_count,
        windows.occurred_at
    from {{ ref('detection_network_windows') }} as windows
    left join {{ ref('detection_usual_networks') }} as usual
        on
            windows.actor_id = usual.actor_id
            and windows.network = usual.network
            and windows.activity_date = usual.activity_date
    group by windows.activity_id, windows.actor_id, windows.occurred_at
    having count(*) - count(usual.network) >= {{ threshold('overlapping_networks', 'unusual_networks') }}

),

-- Activity without a pause of an hour is one finding.
marked as (

    select
        *,
        coalesce(
            occurred_at <= lag(occurred_at) over (partition by actor_id order by occurred_at, activity_id)
            + {{ span(1, 'hour') }},
            false
        ) as is_continued
    from unusual

),

beginnings as (

    select
        *,
        row_number() over (
            partition by actor_id, cast(occurred_at as date) order by occurred_at, activity_id
        ) as position_of_day
    from marked
    where not is_continued

),

final as (

    select
        cast(cast(occurred_at as date) as {{ dbt.type_string() }}) as anchor,
        'user' as subject_type,
        actor_id as subject_id,
        cast(null as {{ dbt.type_string() }}) as organization_uuid,
        actor_id,
        'Active by turns from ' || cast(network_count as {{ dbt.type_string() }})
        || ' networks within one hour, some of them unusual.' as sentence,
        activity_ids as evidence_activity_ids,
        occurred_at
    from beginnings
    where position_of_day = 1

)

select * from final
