{#- Several models read it; as a table it is computed once. -#}
{{ config(materialized='table') }}

{% set role = adapter.quote('current_role') %}

with

-- A change that names no scope or no principal cannot be attributed to a stay.
changes as (

    -- A principal can hold several roles on a resource; each is a separate membership.
    select
        *,
        {{ generate_surrogate_key(['scope_type', 'scope_id', 'principal_type', 'principal_id']) }} as holder_key,
        case when right(scope_type, 5) = '_role' then coalesce({{ role }}, previous_role) end as held_role,
        case
            when change_type in ('added', 'invite_accepted', 'provisioned', 'ownership_transferred') then 'begin'
            when change_type = 'role_changed' then 'change'
            when change_type in ('removed', 'left', 'deprovisioned') then 'end'
        end as effect
    from {{ ref('membership_changes') }}
    where scope_type is not null and scope_id is not null and principal_id is not null

),

keyed as (

    select
        *,
        {{ generate_surrogate_key(['scope_type', 'scope_id', 'principal_type', 'principal_id', 'held_role']) }}
            as membership_key,
        right(scope_type, 5) = '_role' and effect = 'end' and held_role is null as is_end_of_all_roles,
        min(occurred_at) over (partition by holder_key) as first_change_at,
        min(case when effect = 'begin' then occurred_at end) over (partition by holder_key) as first_begin_at
    from changes
    where effect is not null

),

siblings as (

    select distinct
        holder_key,
        membership_key,
        held_role
    from keyed
    where held_role is not null

),

final as (

    select
        keyed.membership_key,
        keyed.scope_type,
        keyed.scope_id,
        keyed.principal_type,
        keyed.principal_id,
        keyed.activity_id,
        keyed.change_type,
        keyed.effect,
        not keyed.is_end_of_all_roles or (
            keyed.occurred_at = keyed.first_change_at
            and (keyed.first_begin_at is null or keyed.first_begin_at > keyed.occurred_at)
        ) as is_direct,
        keyed.previous_role,
        case
            when keyed.change_type = 'ownership_transferred' then 'primary_owner' else keyed.{{ role }}
        end as new_role,
        offers.offered_role,
        offers.complete_offered_role,
        keyed.occurred_at
    from keyed
    left join {{ ref('int_membership_offers') }} as offers on keyed.activity_id = offers.activity_id

    union all

    -- A revocation without a role ends all roles.
    select
        siblings.membership_key,
        keyed.scope_type,
        keyed.scope_id,
        keyed.principal_type,
        keyed.principal_id,
        keyed.activity_id,
        keyed.change_type,
        keyed.effect,
        false as is_direct,
        cast(null as {{ dbt.type_string() }}) as previous_role,
        cast(null as {{ dbt.type_string() }}) as new_role,
        cast(null as {{ dbt.type_string() }}) as offered_role,
        cast(null as {{ dbt.type_string() }}) as complete_offered_role,
        keyed.occurred_at
    from keyed
    inner join siblings on keyed.holder_key = siblings.holder_key
    where keyed.is_end_of_all_roles

)

select * from final
