with

candidates as (

    select * from {{ ref('int_membership_email_candidates') }}

),

events as (

    select
        membership_key,
        effect,
        is_direct,
        is_observed,
        is_initial,
        occurred_at
    from {{ ref('int_membership_known_events') }}
    where membership_key in (select candidates.membership_key from candidates)

    union all

    select
        membership_key,
        'end' as effect,
        false as is_direct,
        false as is_observed,
        false as is_initial,
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
        count(*) over (partition by candidates.activity_id, candidates.fold) as candidate_count
    from candidates
    inner join states
        on
            candidates.membership_key = states.membership_key
            and candidates.occurred_at = states.occurred_at
            and not states.is_observed
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
