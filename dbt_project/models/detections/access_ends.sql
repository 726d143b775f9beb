{{ config(materialized='view') }}

{% set member_grace_minutes = threshold('activity_after_removal', 'grace_minutes', 'scope_id') %}
{% set key_grace_minutes = threshold('key_used_after_end', 'grace_minutes') %}

with

stays as (

    select
        principal_id,
        scope_id,
        ended_by_activity_id,
        end_reason,
        valid_to as ended_at,
        lead(valid_from) over (
            partition by scope_id, principal_id order by valid_to nulls last, valid_from nulls last
        ) as regained_at
    from {{ ref('membership_periods') }}
    where scope_type = 'organization' and principal_type = 'user' and principal_id is not null

),

inactive_keys as (

    select
        key_id,
        {{ key_family('key_type') }} as key_family,
        {{ key_group('key_type', 'key_id') }} as key_group,
        started_by_activity_id as ended_by_activity_id,
        status,
        valid_from as ended_at,
        valid_to as regained_at
    from {{ ref('key_periods') }}
    where
        key_type in ('scoped_api_key', 'platform_api_key', 'admin_api_key', 'service_account')
        and status <> 'active'
        and valid_from is not null

),

-- A key can act under several ids.
key_actors as (

    select distinct
        actor_id,
        actor_type,
        case actor_type when 'service_account_actor' then 'service_account' else 'api_key' end as key_family,
        case actor_type when 'service_account_actor' then actor_id else {{ id_suffix('actor_id') }} end as key_group
    from {{ ref('detection_actors') }}
    where actor_type in ('api_actor', 'admin_api_key_actor', 'service_account_actor')

),

final as (

    select
        'membership' as access_type,
        principal_id as subject_id,
        principal_id as actor_id,
        'user_actor' as actor_type,
        scope_id as organization_uuid,
        ended_by_activity_id,
        end_reason as reason,
        ended_at,
        ended_at + {{ span(member_grace_minutes, 'minute') }} as inactive_from,
        regained_at
    from stays
    where ended_at is not null

    union all

    select
        'key' as access_type,
        inactive_keys.key_id as subject_id,
        key_actors.actor_id,
        key_actors.actor_type,
        cast(null as {{ dbt.type_string() }}) as organization_uuid,
        inactive_keys.ended_by_activity_id,
        inactive_keys.status as reason,
        inactive_keys.ended_at,
        inactive_keys.ended_at + {{ span(key_grace_minutes, 'minute') }} as inactive_from,
        inactive_keys.regained_at
    from inactive_keys
    inner join key_actors
        on inactive_keys.key_family = key_actors.key_family and inactive_keys.key_group = key_actors.key_group

)

select * from final
