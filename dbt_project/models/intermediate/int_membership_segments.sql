with

transitions as (

    select * from {{ ref('int_membership_transitions') }}

),

-- A stay with an unseen start begins with the previous role that its first events state.
unseen as (

    select
        *,
        row_number() over (
            partition by membership_key order by case when previous_role is null then 1 else 0 end, event_number
        ) as position_from_first
    from transitions
    where is_unseen_start

),

steps as (

    select
        membership_key,
        stay_number,
        event_number,
        activity_id,
        change_type,
        new_role,
        offered_role,
        is_start or change_type = 'ownership_transferred' or (effect = 'change' and new_role is not null) as is_set,
        not is_start and change_type = 'added' and new_role is not null as is_fill,
        effect = 'loss' as is_loss,
        occurred_at
    from transitions
    where is_open and effect <> 'end'

    union all

    select
        membership_key,
        0 as stay_number,
        0 as event_number,
        cast(null as {{ dbt.type_string() }}) as activity_id,
        cast(null as {{ dbt.type_string() }}) as change_type,
        previous_role as new_role,
        cast(null as {{ dbt.type_string() }}) as offered_role,
        true as is_set,
        false as is_fill,
        false as is_loss,
        cast(null as {{ dbt.type_timestamp() }}) as occurred_at
    from unseen
    where position_from_first = 1

),

numbered as (

    select
        *,
        count(case when is_set then 1 end) over (
            partition by membership_key order by event_number rows unbounded preceding
        ) as set_number
    from steps

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
