with

evidence as (

    select
        key_id,
        key_type,
        key_group,
        occurred_at,
        activity_id
    from {{ ref('int_key_stated_events') }}
    where key_type in ('scoped_api_key', 'platform_api_key', 'admin_api_key', 'service_account')

    union all

    select
        key_id,
        key_type,
        {{ key_group('key_type', 'key_id') }} as key_group,
        observed_at as occurred_at,
        walk_id as activity_id
    from {{ ref('int_key_listings') }}

),

-- A use does not state the type of API key. If several share the id, it belongs to the one known first.
known as (

    select
        key_id,
        key_type,
        key_group,
        {{ key_family('key_type') }} as key_family,
        row_number() over (
            partition by {{ key_family('key_type') }}, key_group
            order by occurred_at, activity_id, key_type
        ) as rank_in_group
    from evidence

),

-- An API key without events has a row; a service account without events has none, because it is an actor of its own.
final as (

    select
        coalesce(known.key_id, used.actor_id) as key_id,
        coalesce(
            known.key_type,
            case used.actor_type when 'admin_api_key_actor' then 'admin_api_key' else 'unknown' end
        ) as key_type,
        used.key_family,
        used.key_group,
        used.organization_uuid,
        used.last_used_ip_address,
        used.use_count,
        used.first_used_at,
        used.last_used_at
    from {{ ref('int_key_acting_ids') }} as used
    left join known
        on
            used.key_family = known.key_family
            and used.key_group = known.key_group
            and known.rank_in_group = 1
    where known.key_id is not null or used.key_family = 'api_key'

)

select * from final
