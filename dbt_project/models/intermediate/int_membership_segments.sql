with

numbered as (

    select
        *,
        count(case when is_set then 1 end) over (
            partition by membership_key order by event_number rows unbounded preceding
        ) as set_number
    from {{ ref('int_membership_steps') }}

),

-- A role stated later fills in an unknown one, but not across the loss of a role.
compared as (

    select
        *,
        max(case when is_loss then 1 else 0 end) over (partition by membership_key, set_number) = 1 as is_of_loss,
        count(case when is_fill then 1 end) over (
            partition by membership_key, set_number order by event_number rows unbounded preceding
        ) as fill_number,
        count(case when not is_set and (is_fill or offered_role is not null) then 1 end) over (
            partition by membership_key, set_number order by event_number rows unbounded preceding
        ) as given_number
    from numbered

),

resumed as (

    select
        *,
        is_set or (
            is_of_loss
            and given_number = 1
            and lag(given_number) over (partition by membership_key, set_number order by event_number) = 0
        ) as is_first
    from compared

),

renumbered as (

    select
        *,
        count(case when is_first then 1 end) over (
            partition by membership_key order by event_number rows unbounded preceding
        ) as segment_number
    from resumed

),

final as (

    select
        membership_key,
        stay_number,
        segment_number,
        max(case when is_first then activity_id end) as activity_id,
        max(case when is_first then walk_id end) as walk_id,
        max(case when is_first then change_type end) as change_type,
        coalesce(
            max(case when is_first then new_role end),
            max(case when is_fill and fill_number = 1 then new_role end),
            max(offered_role)
        ) as segment_role,
        max(case when is_first then occurred_at end) as occurred_at
    from renumbered
    group by membership_key, stay_number, segment_number

)

select * from final
