with

-- A change that names no scope or no principal cannot be attributed to a stay.
changes as (

    select
        {{ hashed_id(['scope_type', 'scope_id', 'principal_type', 'principal_id']) }} as membership_key,
        *
    from {{ ref('membership_changes') }}
    where
        change_type in ('added', 'invite_accepted', 'role_changed', 'removed', 'left', 'deprovisioned')
        and scope_type is not null
        and scope_id is not null
        and principal_id is not null

),

memberships as (

    select distinct
        membership_key,
        scope_type,
        scope_id,
        principal_type,
        principal_id
    from changes

),

scope_ends as (

    select * from {{ ref('int_membership_scope_ends') }}

),

final as (

    select
        membership_key,
        scope_type,
        scope_id,
        principal_type,
        principal_id,
        activity_id,
        change_type as signal_type,
        previous_role,
        {{ adapter.quote('current_role') }} as new_role,
        change_type <> 'deprovisioned'
        and row_number() over (
            partition by membership_key, change_type = 'deprovisioned' order by occurred_at, activity_id
        ) = 1 as is_first_change,
        occurred_at
    from changes

    union all

    select
        memberships.membership_key,
        memberships.scope_type,
        memberships.scope_id,
        memberships.principal_type,
        memberships.principal_id,
        scope_ends.activity_id,
        'scope_deleted' as signal_type,
        cast(null as {{ dbt.type_string() }}) as previous_role,
        cast(null as {{ dbt.type_string() }}) as new_role,
        false as is_first_change,
        scope_ends.occurred_at
    from scope_ends
    inner join memberships
        on
            scope_ends.scope_type = memberships.scope_type
            and scope_ends.scope_id = memberships.scope_id

)

select * from final
