with

-- The owner of the key or, if it belongs to nobody, its creator.
keys as (

    select
        lifecycle.key_type,
        lifecycle.key_id,
        lifecycle.organization_uuid,
        coalesce(
            lifecycle.owner_id,
            case when states.created_by_actor_type = 'user_actor' then states.created_by_actor_id end
        ) as user_id,
        coalesce(lifecycle.created_at, lifecycle.first_seen_at) as created_at
    from {{ ref('key_lifecycle') }} as lifecycle
    inner join {{ ref('int_key_states') }} as states
        on lifecycle.key_type = states.key_type and lifecycle.key_id = states.key_id
    where
        lifecycle.is_active
        and lifecycle.is_in_directory
        and coalesce(lifecycle.owner_type, 'user') = 'user'

),

-- A person who joined after the newest walk is not missing, so keys created after it are left out. A key that
-- names no organization may belong to a member of any.
absent as (

    select
        keys.key_type,
        keys.key_id,
        keys.organization_uuid,
        keys.user_id,
        max(members.walked_at) as walked_at
    from keys
    inner join {{ ref('directory_members') }} as members
        on coalesce(keys.organization_uuid, members.organization_uuid) = members.organization_uuid
    where keys.user_id is not null
    group by keys.key_type, keys.key_id, keys.organization_uuid, keys.user_id, keys.created_at
    having
        max(case when members.user_id = keys.user_id then 1 else 0 end) = 0
        and keys.created_at <= min(members.walked_at)

),

final as (

    select
        user_id as anchor,
        key_type as subject_type,
        key_id as subject_id,
        organization_uuid,
        user_id as actor_id,
        'The key is active although the directory no longer shows the person whose key it is.' as sentence,
        {{ text_array([]) }} as evidence_activity_ids,
        walked_at as occurred_at
    from absent

)

select * from final
