with

newest as (

    select max(occurred_at) as occurred_at from {{ ref('activities') }}

),

{% set ended = "key_states.status in ('archived', 'expired', 'deleted', 'revoked', 'rotated')" %}

final as (

    select
        identities.key_id,
        identities.key_type,
        identities.organization_uuid,
        key_states.workspace_id,
        key_states.key_name as name,  -- published name -- noqa: RF04
        key_states.scopes,
        coalesce(key_states.status, 'active') as status,
        coalesce(key_states.status, 'active') = 'active'
        and coalesce(key_states.expires_at > newest.occurred_at, true) as is_active,
        key_states.created_at,
        key_states.created_by_actor_id,
        key_states.created_by_email,
        identities.first_seen_at,
        key_states.last_changed_at,
        key_states.last_changed_by_actor_id,
        case
            when key_states.status = 'expired' then coalesce(key_states.expires_at, key_states.status_taken_at)
            when {{ ended }} then key_states.status_taken_at
        end as ended_at,
        case when {{ ended }} then key_states.status_taken_by_actor_id end as ended_by_actor_id,
        key_states.expires_at,
        key_uses.last_used_at,
        key_uses.last_used_ip_address,
        coalesce(key_uses.use_count, 0) as use_count,
        coalesce(key_states.lifecycle_event_count, 0) as lifecycle_event_count,
        coalesce(key_states.is_creation_observed, false) as is_creation_observed,
        offboarded_creators.key_id is not null as is_creator_offboarded,
        {{ elapsed_days('key_states.created_at', 'newest.occurred_at') }} as age_days,
        {{ elapsed_days('key_uses.last_used_at', 'newest.occurred_at') }} as days_since_last_use,
        directory_states.partial_key_hint,
        directory_states.owner_type,
        directory_states.owner_id,
        directory_states.is_in_directory,
        directory_states.last_inference_date,
        directory_states.inference_token_count_last_30_days
    from {{ ref('int_key_identities') }} as identities
    cross join newest
    left join {{ ref('int_key_states') }} as key_states
        on identities.key_type = key_states.key_type and identities.key_id = key_states.key_id
    left join {{ ref('int_key_uses') }} as key_uses
        on identities.key_type = key_uses.key_type and identities.key_id = key_uses.key_id
    left join {{ ref('int_key_offboarded_creators') }} as offboarded_creators
        on identities.key_type = offboarded_creators.key_type and identities.key_id = offboarded_creators.key_id
    left join {{ ref('int_key_directory_states') }} as directory_states
        on identities.key_type = directory_states.key_type and identities.key_id = directory_states.key_id

)

select * from final
