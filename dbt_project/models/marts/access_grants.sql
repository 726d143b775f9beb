{% set held = [
    'access_grant_id', 'grant_key', 'holder_type', 'holder_id', 'grant_type', 'grant_id', 'organization_uuid',
    'granted_role', 'valid_from', 'valid_to', 'granted_at', 'held_since', 'granted_by_actor_id', 'granted_by_email',
    'end_reason', 'ended_by_actor_id', 'ended_by_email', 'is_in_directory',
] %}
{% set places = ['organization', 'workspace'] %}
{# Where a role is assigned beside the membership. #}
{% set assigned_places = ['organization_role', 'workspace_role'] %}

with

held as (

    select
        {{ held | join(',\n        ') }},
        false as is_key,
        null as grant_name,
        start_reason,
        invited_by_actor_id,
        invited_by_email,
        cast(null as {{ dbt.type_timestamp() }}) as expires_at
    from {{ ref('int_access_place_grants') }}

    union all

    select
        {{ held | join(',\n        ') }},
        true as is_key,
        grant_name,
        null as start_reason,
        null as invited_by_actor_id,
        null as invited_by_email,
        expires_at
    from {{ ref('int_access_key_grants') }}

),

-- Differences about a person have the scope's id, those about a key that of its organization.
differences as (

    select
        object_type <> 'user' as is_key,
        object_id,
        case when object_type = 'user' then scope_type else object_type end as grant_type,
        case when object_type = 'user' then scope_id else object_id end as grant_id
    from {{ ref('state_differences') }}
    where object_type <> 'setting'

),

final as (

    select
        held.access_grant_id,
        held.grant_key,
        held.holder_type,
        held.holder_id,
        case when held.holder_type = 'group' then holding_groups.scope_name else holders.full_name end as holder_name,
        holders.current_email as holder_email,
        held.is_key,
        held.grant_type,
        held.grant_id,
        coalesce(held.grant_name, named_scopes.scope_name) as grant_name,
        held.organization_uuid,
        organizations.organization_name,
        held.granted_role as {{ adapter.quote('role') }},
        coalesce(
            held.grant_type in ({{ literals(places + assigned_places) }}) and {{ is_admin_role('held.granted_role') }},
            false
        ) as is_administrator,
        held.valid_from,
        held.valid_to,
        held.valid_to is null as is_current,
        held.granted_at,
        held.held_since,
        held.granted_by_actor_id,
        held.granted_by_email,
        held.invited_by_actor_id,
        held.invited_by_email,
        held.start_reason,
        held.end_reason,
        held.ended_by_actor_id,
        held.ended_by_email,
        held.expires_at,
        held.is_in_directory,
        case
            when held.is_in_directory is not null then held.is_in_directory and differences.grant_id is null
        end as is_proven
    from held
    left join {{ ref('users') }} as holders on held.holder_type = 'user' and held.holder_id = holders.user_id
    left join {{ ref('organizations') }} as organizations
        on held.organization_uuid = organizations.organization_uuid
    left join {{ ref('int_access_names') }} as named_scopes
        on
            named_scopes.scope_type = case
                when held.grant_type in ({{ literals(assigned_places) }}) then replace(held.grant_type, '_role', '')
                else held.grant_type
            end
            and held.grant_id = named_scopes.scope_id
    left join {{ ref('int_access_names') }} as holding_groups
        on
            held.holder_type = 'group'
            and holding_groups.scope_type = 'group'
            and held.holder_id = holding_groups.scope_id
    left join differences
        on
            held.valid_to is null
            and held.is_key = differences.is_key
            and held.grant_type = differences.grant_type
            and held.grant_id = differences.grant_id
            and case when held.is_key then held.grant_id else held.holder_id end = differences.object_id

)

select * from final
