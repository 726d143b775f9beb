with

stated as (

    select
        key_id,
        key_type,
        {{ value_at_first('organization_uuid', moment('occurred_at', 'activity_id')) }}
        filter (where organization_uuid is not null) as organization_uuid,
        min(occurred_at) as first_event_at
    from {{ ref('int_key_stated_events') }}
    group by key_id, key_type

),

listed as (

    select
        key_id,
        key_type,
        {{ value_at_first('organization_uuid', 'observed_at') }}
        filter (where organization_uuid is not null) as organization_uuid,
        min(observed_at) as first_listed_at
    from {{ ref('int_key_listings') }}
    group by key_id, key_type

),

final as (

    select
        coalesce(stated.key_id, listed.key_id, uses.key_id) as key_id,
        coalesce(stated.key_type, listed.key_type, uses.key_type) as key_type,
        coalesce(stated.organization_uuid, listed.organization_uuid, uses.organization_uuid) as organization_uuid,
        case when listed.key_id is null then 'events' else 'events_and_walks' end as fold,
        least(stated.first_event_at, listed.first_listed_at, uses.first_used_at) as first_seen_at
    from stated
    full join listed on stated.key_type = listed.key_type and stated.key_id = listed.key_id
    full join {{ ref('int_key_uses') }} as uses
        on
            coalesce(stated.key_type, listed.key_type) = uses.key_type
            and coalesce(stated.key_id, listed.key_id) = uses.key_id

)

select * from final
