with

transfers as (

    select * from {{ ref('int_membership_activities') }}
    where activity_type = 'primary_owner_transferred' and organization_uuid is not null

),

statements as (

    select * from {{ ref('int_membership_stated_events') }}
    where scope_type = 'organization' and new_role is not null

),

-- The last role that each member had received before a transfer.
given as (

    select
        transfers.activity_id,
        transfers.organization_uuid,
        transfers.stated_new_owner_id,
        transfers.occurred_at,
        statements.principal_id,
        {{ value_at_last('statements.new_role', moment('statements.occurred_at', 'statements.activity_id')) }}
            as last_role
    from transfers
    inner join statements
        on
            transfers.organization_uuid = statements.scope_id
            and transfers.activity_id <> statements.activity_id
            and transfers.occurred_at >= statements.occurred_at
    where statements.occurred_at < transfers.occurred_at or statements.activity_id < transfers.activity_id
    group by
        transfers.activity_id, transfers.organization_uuid, transfers.stated_new_owner_id, transfers.occurred_at,
        statements.principal_id

),

losers as (

    select
        activity_id,
        organization_uuid,
        stated_new_owner_id,
        stated_previous_owner_id as principal_id,
        true as is_direct,
        occurred_at
    from transfers
    where stated_previous_owner_id is not null

    union all

    select
        given.activity_id,
        given.organization_uuid,
        given.stated_new_owner_id,
        given.principal_id,
        false as is_direct,
        given.occurred_at
    from given
    left join transfers
        on given.activity_id = transfers.activity_id and given.principal_id = transfers.stated_previous_owner_id
    where given.last_role = 'primary_owner' and transfers.activity_id is null

),

final as (

    select
        {{ generate_surrogate_key(["'organization'", 'organization_uuid', "'user'", 'principal_id', 'null']) }}
            as membership_key,
        'organization' as scope_type,
        organization_uuid as scope_id,
        'user' as principal_type,
        principal_id,
        activity_id,
        'ownership_transferred' as change_type,
        'loss' as effect,
        is_direct,
        'primary_owner' as previous_role,
        cast(null as {{ dbt.type_string() }}) as new_role,
        cast(null as {{ dbt.type_string() }}) as offered_role,
        occurred_at
    from losers
    where stated_new_owner_id is null or stated_new_owner_id <> principal_id

)

select * from final
