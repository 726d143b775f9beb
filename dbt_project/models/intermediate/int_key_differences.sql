with

differences as (

    select * from {{ ref('int_key_disagreements') }}

),

mentions as (

    select
        key_type || ' ' || key_id as key_name,
        max(case when is_status_change then 1 else 0 end) = 1 as has_status_change
    from {{ ref('int_key_event_states') }}
    where fold = 'events'
    group by key_type, key_id

),

logging_times as (

    select * from {{ ref('int_key_logging') }}

),

-- Keys that predate logging: by their creation or, without one, because the first walk showed them and no
-- event ever named them. A status that an event set is newer.
never_logged as (

    select differences.key_name
    from differences
    inner join logging_times on differences.key_name = logging_times.key_name
    left join mentions on differences.key_name = mentions.key_name
    where
        differences.is_listed
        and (differences.difference_kind = 'only_in_directory' or not mentions.has_status_change)
        and (
            coalesce(
                differences.stated_created_at < logging_times.first_activity_at,
                logging_times.first_activity_at is null
            )
            or (differences.stated_created_at is null and differences.is_since_first_walk and mentions.key_name is null)
        )

),

owners as (

    select
        listed.key_type || ' ' || listed.key_id as key_name,
        min(case when stays.is_current then 0 else 1 end) = 1 as is_gone
    from {{ ref('int_key_listed_states') }} as listed
    inner join {{ ref('membership_periods') }} as stays
        on listed.owner_id = stays.principal_id and stays.scope_type = 'organization' and stays.principal_type = 'user'
    where listed.owner_type = 'user'
    group by listed.key_type, listed.key_id

),

final as (

    select
        differences.difference_kind,
        differences.key_type as object_type,
        'organization' as scope_type,
        differences.organization_uuid as scope_id,
        differences.organization_uuid,
        differences.key_id as object_id,
        differences.event_value,
        differences.directory_value,
        case
            when delays.key_name is not null then 'within_delay'
            when logging_times.is_in_blind_spot then 'blind_spot'
            when never_logged.key_name is not null then 'before_logging'
            -- No event reports an expiry, or the archiving of a personal key whose owner leaves.
            when differences.directory_value = 'expired' then 'not_in_feed'
            when differences.directory_value = 'archived' and owners.is_gone then 'not_in_feed'
            when differences.difference_kind = 'only_in_events' and differences.event_value in ('archived', 'expired')
                then 'not_in_directory'
            else 'unexplained'
        end as explanation,
        differences.since,
        differences.walk_id
    from differences
    left join {{ ref('int_key_delays') }} as delays on differences.key_name = delays.key_name
    inner join logging_times on differences.key_name = logging_times.key_name
    left join never_logged on differences.key_name = never_logged.key_name
    left join owners on differences.key_name = owners.key_name

)

select * from final
