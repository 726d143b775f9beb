with

documented_fields as (

    select * from {{ ref('documented_fields') }}

),

documented as (

    select
        'activity_type' as drift_kind,
        '*' as part_type,
        activity_type as documented_name
    from {{ ref('activity_types') }}
    union all
    select distinct
        'actor_type' as drift_kind,
        '*' as part_type,
        part_type as documented_name
    from documented_fields
    where part = 'actor' and part_type <> '*'
    union all
    select
        case part when 'actor' then 'actor_field' else 'field' end as drift_kind,
        part_type,
        field_name as documented_name
    from documented_fields

),

final as (

    select
        seen.payload_field_id as schema_drift_id,
        seen.field_kind as drift_kind,
        seen.activity_type,
        seen.actor_type,
        seen.seen_name as name,  -- published name -- noqa: RF04
        {{ moment_part('seen.first_moment', 'activity_id') }} as example_activity_id,
        seen.activity_count,
        {{ moment_part('seen.first_moment', 'occurred_at') }} as first_seen_at,
        seen.last_seen_at
    from {{ ref('int_payload_fields') }} as seen
    left join documented
        on
            seen.field_kind = documented.drift_kind
            and seen.seen_name = documented.documented_name
            and documented.part_type in ('*', coalesce(seen.activity_type, seen.actor_type))
    where documented.documented_name is null

)

select * from final
