with

keys as (

    select
        *,
        {{ id_suffix('key_id') }} as key_group
    from {{ ref('key_lifecycle') }}
    where key_type in ('scoped_api_key', 'platform_api_key', 'admin_api_key')

),

-- A status that predates history is certain only from when the key was first seen.
ends as (

    select
        keys.key_type,
        keys.key_id,
        keys.key_group,
        keys.organization_uuid,
        periods.status,
        periods.started_by_activity_id,
        coalesce(periods.valid_from, keys.first_seen_at) as ended_at,
        periods.valid_to as regained_at
    from keys
    inner join {{ ref('key_periods') }} as periods
        on keys.key_type = periods.key_type and keys.key_id = periods.key_id
    where periods.status <> 'active'

),

-- Only whole days without access count, since the report does not say at which hour a key was used.
uses as (

    select
        ends.key_type,
        ends.key_id,
        ends.organization_uuid,
        ends.status,
        ends.started_by_activity_id,
        ends.ended_at,
        min(usage_days.usage_date) as usage_date
    from ends
    inner join {{ ref('key_usage_daily') }} as usage_days
        on
            ends.key_group = {{ id_suffix('usage_days.key_id') }}
            and ends.ended_at <= cast(usage_days.usage_date as {{ dbt.type_timestamp() }})
            and coalesce(
                ends.regained_at >= cast(usage_days.usage_date as {{ dbt.type_timestamp() }}) + {{ span(1, 'day') }},
                true
            )
    where usage_days.token_count > 0
    group by
        ends.key_type, ends.key_id, ends.organization_uuid, ends.status, ends.started_by_activity_id, ends.ended_at

),

final as (

    select
        coalesce(started_by_activity_id, cast(ended_at as {{ dbt.type_string() }})) as anchor,
        key_type as subject_type,
        key_id as subject_id,
        organization_uuid,
        key_id as actor_id,
        'The key was used for inference on ' || cast(usage_date as {{ dbt.type_string() }})
        || ' after it had become ' || status || '.' as sentence,
        case
            when started_by_activity_id is null then {{ text_array([]) }}
            else {{ text_array(['started_by_activity_id']) }}
        end as evidence_activity_ids,
        cast(usage_date as {{ dbt.type_timestamp() }}) as occurred_at
    from uses

)

select * from final
