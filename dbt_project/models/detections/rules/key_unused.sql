{% set unused_days = threshold('key_unused', 'unused_days', 'keys.organization_uuid') %}

with

newest as (

    select max(occurred_at) as newest_at from {{ ref('activities') }}

),

usage_report as (

    select min(usage_date) as first_date from {{ ref('key_usage_daily') }}

),

-- The feed shows the use of some types of key. Platform keys call models; their use is in the usage report,
-- where it is read, and a key of unknown type may be one of them. A day of the report counts to its end;
-- earlier use is unknown.
keys as (

    select
        lifecycle.*,
        {{ id_suffix('lifecycle.key_id') }} as key_group,
        greatest(
            coalesce(lifecycle.last_used_at, lifecycle.created_at, lifecycle.first_seen_at),
            cast(lifecycle.last_inference_date as {{ dbt.type_timestamp() }}) + {{ span(1, 'day') }},
            case
                when lifecycle.key_type in ('platform_api_key', 'unknown')
                    then cast(usage_report.first_date as {{ dbt.type_timestamp() }})
            end
        ) as idle_since
    from {{ ref('key_lifecycle') }} as lifecycle
    cross join usage_report
    where
        lifecycle.is_active
        and (
            lifecycle.key_type in ('scoped_api_key', 'admin_api_key')
            or (lifecycle.key_type in ('platform_api_key', 'unknown') and usage_report.first_date is not null)
        )

),

last_uses as (

    select
        {{ id_suffix('actor_id') }} as key_group,
        {{ value_at_last('last_activity_id', moment('last_at', 'last_activity_id')) }} as activity_id
    from {{ ref('detection_actors') }}
    where actor_type in ('api_actor', 'admin_api_key_actor')
    group by {{ id_suffix('actor_id') }}

),

last_events as (

    select
        key_type,
        key_id,
        {{ value_at_last('activity_id', 'event_number') }} as activity_id
    from {{ ref('key_events') }}
    group by key_type, key_id

),

final as (

    select
        cast(keys.idle_since as {{ dbt.type_string() }}) as anchor,
        keys.key_type as subject_type,
        keys.key_id as subject_id,
        keys.organization_uuid,
        keys.created_by_actor_id as actor_id,
        'The key is active and has not been used for ' || cast({{ unused_days }} as {{ dbt.type_string() }}) || ' days.'
            as sentence,
        case
            when coalesce(last_uses.activity_id, last_events.activity_id) is null then {{ text_array([]) }}
            else {{ text_array(['coalesce(last_uses.activity_id, last_events.activity_id)']) }}
        end as evidence_activity_ids,
        keys.idle_since + {{ span(unused_days, 'day') }} as occurred_at
    from keys
    cross join newest
    left join last_uses on keys.key_group = last_uses.key_group
    left join last_events on keys.key_type = last_events.key_type and keys.key_id = last_events.key_id
    where keys.idle_since + {{ span(unused_days, 'day') }} <= newest.newest_at

)

select * from final
