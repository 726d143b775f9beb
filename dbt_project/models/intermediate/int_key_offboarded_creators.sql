with

ended_memberships as (

    select
        principal_id as user_id,
        scope_id as organization_uuid
    from {{ ref('membership_periods') }}
    where scope_type = 'organization' and principal_type = 'user'
    group by principal_id, scope_id
    having max(case when is_current then 1 else 0 end) = 0

),

-- A key that names no organization may belong to any.
final as (

    select distinct
        identities.key_type,
        identities.key_id
    from {{ ref('int_key_identities') }} as identities
    inner join {{ ref('int_key_states') }} as key_states
        on identities.key_type = key_states.key_type and identities.key_id = key_states.key_id
    inner join ended_memberships
        on
            key_states.created_by_actor_id = ended_memberships.user_id
            and coalesce(identities.organization_uuid, ended_memberships.organization_uuid)
            = ended_memberships.organization_uuid
    where key_states.created_by_actor_type = 'user_actor'

)

select * from final
