{#- Several models read it; as a table it is computed once. -#}
{{ config(materialized='table') }}

with

triggers as (

    select * from {{ ref('int_membership_triggers') }}
    where activity_id is not null

),

-- Events up to a minute after the walk's end. One that gives another role than the walk found says something else: of
-- what was so before it or after it.
candidates as (

    select
        observed.*,
        triggers.activity_id,
        triggers.change_type as matched_change_type,
        triggers.occurred_at as matched_at,
        triggers.effect = 'begin' and triggers.new_role is null as is_start_without_role,
        case
            when observed.effect = triggers.effect then coalesce(observed.listed_role = triggers.new_role, true)
            when observed.effect = 'end' then false
            when triggers.effect = 'change' then observed.listed_role = triggers.new_role
            when triggers.effect = 'loss' then observed.listed_role <> 'primary_owner'
        end as is_same,
        min(
            case
                when triggers.effect in ('end', 'loss') or observed.listed_role <> triggers.new_role
                    then triggers.occurred_at
            end
        ) over (partition by observed.membership_key, observed.walk_id, observed.effect) as contradicted_at
    from {{ ref('int_membership_walk_observations') }} as observed
    left join triggers
        on
            observed.membership_key = triggers.membership_key
            and observed.observed_at < triggers.occurred_at
            and observed.finished_at + {{ span(60, 'second') }} >= triggers.occurred_at

),

-- A start that names no role says the same only if nothing else happened since the walk.
judged as (

    select
        *,
        coalesce(is_same, false)
        and not coalesce(is_start_without_role and matched_at >= contradicted_at, false) as is_match
    from candidates

),

-- The first event that says the same gives time, activity and reason.
matched as (

    select
        *,
        row_number() over (
            partition by membership_key, walk_id, effect
            order by
                case when is_match then 0 else 1 end,
                matched_at,
                activity_id,
                case when matched_change_type = 'membership_ended' then 1 else 0 end,
                change_type
        ) as position_from_first
    from judged

),

final as (

    select
        membership_key,
        walk_id,
        case when is_match then activity_id end as activity_id,
        case when is_match then matched_change_type else change_type end as change_type,
        effect,
        effect = 'begin' and is_first_of_scope and not is_match as is_initial,
        listed_role as new_role,
        joined_at,
        case when is_match then matched_at else observed_at end as occurred_at
    from matched
    where position_from_first = 1

)

select * from final
