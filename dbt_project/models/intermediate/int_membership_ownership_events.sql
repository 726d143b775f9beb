with

transfers as (

    select * from {{ ref('int_membership_activities') }}
    where activity_type = 'primary_owner_transferred' and organization_uuid is not null

),

folds as (

    select 'complete' as fold
    union all
    select 'events' as fold

),

-- Roles that walks show count only where events and walks are folded together. With a stay its role ends.
statements as (

    select
        folds.fold,
        stated.scope_id,
        stated.principal_id,
        stated.activity_id,
        stated.new_role,
        stated.occurred_at
    from {{ ref('int_membership_stated_events') }} as stated
    cross join folds
    where stated.scope_type = 'organization' and (stated.new_role is not null or stated.effect = 'end')

    union all

    select
        'complete' as fold,
        scope_id,
        principal_id,
        '' as activity_id,
        case when is_present then listed_role end as new_role,
        observed_at as occurred_at
    from {{ ref('int_membership_listings') }}
    where
        scope_type = 'organization'
        and case when is_present then listed_role is not null else not is_in_scope end

),

-- The last role that each member had received before a transfer.
given as (

    select
        transfers.activity_id,
        transfers.organization_uuid,
        transfers.stated_new_owner_id,
        transfers.occurred_at,
        statements.fold,
        statements.principal_id,
        {{ value_at_last('statements.new_role', moment('statements.occurred_at', 'statements.activity_id')) }}
            as last_role
    from transfers
    inner join statements
        on
            transfers.organization_uuid = statements.scope_id
            and transfers.activity_id <> statements.activity_id
            and transfers.occurred_at >= statements.occurred_at
    where
        statements.occurred_at < transfers.occurred_at
        or (statements.activity_id <> '' and statements.activity_id < transfers.activity_id)
    group by
        transfers.activity_id, transfers.organization_uuid, transfers.stated_new_owner_id, transfers.occurred_at,
        statements.fold, statements.principal_id

),

losers as (

    select
        folds.fold,
        transfers.activity_id,
        transfers.organization_uuid,
        transfers.stated_new_owner_id,
        transfers.stated_previous_owner_id as principal_id,
        true as is_direct,
        transfers.occurred_at
    from transfers
    cross join folds
    where transfers.stated_previous_owner_id is not null

    union all

    select
        given.fold,
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
        fold,
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
