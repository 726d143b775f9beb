with

-- Removals that state an email and no id.
removals as (

    select
        activity_id,
        change_type,
        scope_id,
        principal_email,
        occurred_at
    from {{ ref('membership_changes') }}
    where
        scope_type = 'organization'
        and change_type = 'removed'
        and principal_id is null
        and principal_email is not null

),

-- Every user ever seen with that email; for the fold of events alone, seen in an event.
final as (

    select distinct
        memberships.membership_key,
        memberships.fold,
        removals.activity_id,
        removals.change_type,
        removals.occurred_at
    from removals
    inner join {{ ref('int_user_observations') }} as seen on lower(removals.principal_email) = lower(seen.email)
    inner join {{ ref('int_memberships') }} as memberships
        on
            memberships.scope_type = 'organization'
            and removals.scope_id = memberships.scope_id
            and seen.user_id = memberships.principal_id
    where memberships.fold = 'complete' or seen.is_in_feed

)

select * from final
