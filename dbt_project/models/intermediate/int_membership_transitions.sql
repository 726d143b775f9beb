{#- Several models read it; as a table its windows are computed once. -#}
{{ config(materialized='table') }}

with

events as (

    select * from {{ ref('int_membership_events') }}

),

states as (

    {{ membership_states('events') }}

),

-- Events at the same time are in the only possible order: with no stay open, the start comes first.
placed as (

    select
        events.*,
        states.has_begin,
        states.has_end,
        states.is_known,
        states.is_unseen_start,
        states.is_open_before,
        states.is_open_after,
        row_number() over (
            partition by events.membership_key, events.occurred_at, events.is_observed, events.effect
            order by
                events.activity_id,
                events.walk_id,
                case when events.change_type = 'membership_ended' then 1 else 0 end
        ) as effect_number,
        row_number() over (
            partition by events.membership_key
            order by
                events.occurred_at,
                case when events.is_observed then 1 else 0 end,
                case
                    when events.effect = 'loss' then 2
                    when events.effect = 'change' then 3
                    when events.change_type = 'ownership_transferred' and states.is_open_before and not states.has_end
                        then 3
                    when (events.effect = 'end') = states.is_open_before then 1
                    else 4
                end,
                events.activity_id,
                events.walk_id,
                case when events.change_type = 'membership_ended' then 1 else 0 end
        ) as event_number
    from events
    inner join states
        on
            events.membership_key = states.membership_key
            and events.occurred_at = states.occurred_at
            and events.is_observed is not distinct from states.is_observed

),

marked as (

    select
        *,
        effect_number = 1 and (
            (effect = 'begin' and (not is_open_before or has_end))
            or (effect = 'change' and not is_open_before and is_open_after and not has_begin)
        ) as is_start,
        effect_number = 1 and effect = 'end' and (is_open_before or has_begin) as is_end,
        max(case when is_unseen_start then 1 else 0 end) over (partition by membership_key) as unseen_count
    from placed

),

final as (

    select
        membership_key,
        activity_id,
        walk_id,
        change_type,
        effect,
        previous_role,
        new_role,
        offered_role,
        event_number,
        count(case when is_start then 1 end) over (
            partition by membership_key order by event_number rows unbounded preceding
        ) as stay_number,
        is_start,
        is_end,
        is_unseen_start,
        is_observed,
        -- Whether a stay is open after this event.
        is_known and coalesce(
            {{ last_non_null('case when is_start then 1 when is_end then 0 end', 'membership_key', 'event_number') }},
            unseen_count
        ) = 1 as is_open,
        joined_at,
        occurred_at
    from marked

)

select * from final
