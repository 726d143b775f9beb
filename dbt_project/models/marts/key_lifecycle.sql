with

key_states as (

    select * from {{ ref('int_key_states') }}

),

key_uses as (

    select * from {{ ref('int_key_uses') }}

),

newest as (

    select max(occurred_at) as occurred_at from {{ ref('activities') }}

),

offboarded_users as (

    select principal_id as user_id
    from {{ ref('membership_periods') }}
    where scope_type = 'organization' and principal_type = 'user'
    group by principal_id
    having max(case when is_current then 1 else 0 end) = 0

),

{% set ended = "key_states.status in ('archived', 'expired', 'deleted', 'revoked', 'rotated')" %}

final as (

    select
        coalesce(key_states.key_id, key_uses.key_id) as key_id,
        coalesce(key_states.key_type, key_uses.key_type) as key_type,
        coalesce(key_states.organization_uuid, key_uses.organization_uuid) as organization_uuid,
        key_states.workspace_id,
        key_states.key_name as name,  -- the public contract calls it so -- noqa: RF04
        key_states.scopes,
        coalesce(key_states.status, 'active') as status,
        coalesce(key_states.status, 'active') = 'active' as is_active,
        key_states.created_at,
        key_states.created_by_actor_id,
        key_states.created_by_email,
        least(key_states.first_event_at, key_uses.first_used_at) as first_seen_at,
        key_states.last_changed_at,
        key_states.last_changed_by_actor_id,
        case when {{ ended }} then key_states.status_taken_at end as ended_at,
        case when {{ ended }} then key_states.status_taken_by_actor_id end as ended_by_actor_id,
        key_states.expires_at,
        key_uses.last_used_at,
        key_uses.last_used_ip_address,
        coalesce(key_uses.use_count, 0) as use_count,
        coalesce(key_states.lifecycle_event_count, 0) as lifecycle_event_count,
        key_states.created_at is not null as is_creation_observed,
        offboarded_users.user_id is not null as is_creator_offboarded,
        {{ elapsed_days('key_states.created_at', 'newest.occurred_at') }} as age_days,
        {{ elapsed_days('key_uses.last_used_at', 'newest.occurred_at') }} as days_since_last_use
    from key_states
    full join key_uses on key_states.key_type = key_uses.key_type and key_states.key_id = key_uses.key_id
    cross join newest
    left join offboarded_users
        on key_states.created_by_actor_id = offboarded_users.user_id and key_states.created_by_actor_type = 'user_actor'

)

select * from final
