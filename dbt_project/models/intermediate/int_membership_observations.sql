{#- Several models read it; as a table it is computed once. -#}
{{ config(materialized='table') }}

with

triggers as (

    select * from {{ ref('int_membership_triggers') }}
    where activity_id is not null

),

-- An event that says the same, up to a minute after the walk's end, gives time, activity and reason. One that gives
-- another role than the walk found says something else: of what was so before it or after it.
matched as (

    select
        observed.*,
        triggers.activity_id,
        triggers.change_type as matched_change_type,
        triggers.occurred_at as matched_at,
        row_number() over (
            partition by observed.membership_key, observed.walk_id, observed.effect
            order by
                triggers.occurred_at,
                triggers.activity_id,
                case when triggers.change_type = 'membership_ended' then 1 else 0 end,
                observed.change_type
        ) as position_from_first
    from {{ ref('int_membership_walk_observations') }} as observed
    left join triggers
        on
            observed.membership_key = triggers.membership_key
            and observed.observed_at < triggers.occurred_at
            and observed.finished_at + {{ span(60, 'second') }} >= triggers.occurred_at
            and case
                when observed.effect = triggers.effect
                    then coalesce(observed.listed_role = triggers.new_role, true)
                when observed.effect = 'end' then false
                when triggers.effect = 'change' then observed.listed_role = triggers.new_role
                when triggers.effect = 'loss' then observed.listed_role <> 'primary_owner'
            end

),

final as (

    select
        membership_key,
        walk_id,
        activity_id,
        coalesce(matched_change_type, change_type) as change_type,
        effect,
        effect = 'begin' and is_first_of_scope and activity_id is null as is_initial,
        listed_role as new_role,
        joined_at,
        coalesce(matched_at, observed_at) as occurred_at
    from matched
    where position_from_first = 1

)

select * from final
