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

users as (

    select distinct
        user_id,
        lower(email) as email
    from {{ ref('int_user_observations') }}

),

-- Candidates: every user ever seen with that email.
candidates as (

    select
        memberships.membership_key,
        removals.activity_id,
        removals.change_type,
        removals.occurred_at
    from removals
    inner join users on lower(removals.principal_email) = users.email
    inner join {{ ref('int_memberships') }} as memberships
        on
            memberships.scope_type = 'organization'
            and removals.scope_id = memberships.scope_id
            and users.user_id = memberships.principal_id

),

events as (

    select
        membership_key,
        effect,
        is_direct,
        occurred_at
    from {{ ref('int_membership_first_events') }}
    where membership_key in (select candidates.membership_key from candidates)

    union all

    select
        membership_key,
        'end' as effect,
        false as is_direct,
        occurred_at
    from candidates

),

states as (

    {{ membership_states('events') }}

),

-- The removal concerns the only candidate whose stay was open then.
open_candidates as (

    select
        candidates.*,
        count(*) over (partition by candidates.activity_id) as candidate_count
    from candidates
    inner join states
        on candidates.membership_key = states.membership_key and candidates.occurred_at = states.occurred_at
    where states.is_open_before or states.has_begin

),

final as (

    select
        membership_key,
        activity_id,
        change_type,
        occurred_at
    from open_candidates
    where candidate_count = 1

)

select * from final
