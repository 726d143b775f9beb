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

uses as (

    select * from {{ ref('int_key_uses') }}

),

final as (

    select
        coalesce(stated.key_id, uses.key_id) as key_id,
        coalesce(stated.key_type, uses.key_type) as key_type,
        coalesce(stated.organization_uuid, uses.organization_uuid) as organization_uuid,
        least(stated.first_event_at, uses.first_used_at) as first_seen_at
    from stated
    full join uses on stated.key_type = uses.key_type and stated.key_id = uses.key_id

)

select * from final
