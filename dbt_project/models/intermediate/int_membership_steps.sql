with

transitions as (

    select * from {{ ref('int_membership_transitions') }}

),

-- A stay with an unseen start begins with the previous role that its first events state, or a walk shows.
unseen as (

    select
        *,
        row_number() over (
            partition by membership_key order by case when previous_role is null then 1 else 0 end, event_number
        ) as position_from_first,
        min(case when is_observed then walk_id end) over (partition by membership_key) as first_walk_id
    from transitions
    where is_unseen_start

),

steps as (

    select
        membership_key,
        stay_number,
        event_number,
        activity_id,
        walk_id,
        change_type,
        new_role,
        offered_role,
        is_start or change_type = 'ownership_transferred' or (effect = 'change' and new_role is not null) as is_set,
        not is_start and change_type = 'added' and new_role is not null as is_fill,
        effect = 'loss' as is_loss,
        coalesce(is_observed, false) and not is_start as is_observed,
        occurred_at
    from transitions
    where is_open and effect <> 'end'

    union all

    select
        membership_key,
        0 as stay_number,
        0 as event_number,
        cast(null as {{ dbt.type_string() }}) as activity_id,
        first_walk_id as walk_id,
        case when first_walk_id is not null then 'directory' end as change_type,
        previous_role as new_role,
        cast(null as {{ dbt.type_string() }}) as offered_role,
        true as is_set,
        false as is_fill,
        false as is_loss,
        false as is_observed,
        cast(null as {{ dbt.type_timestamp() }}) as occurred_at
    from unseen
    where position_from_first = 1

),

numbered as (

    select
        *,
        count(case when is_set and not is_observed then 1 end) over (
            partition by membership_key order by event_number rows unbounded preceding
        ) as statement_number
    from steps

),

-- Whether an event or a walk has given a role since the last start, loss or change.
known as (

    select
        *,
        coalesce(
            count(
                case
                    when is_observed and new_role is not null then 1
                    when (is_set or is_fill) and new_role is not null then 1
                    when offered_role is not null then 1
                end
            ) over (
                partition by membership_key, statement_number order by event_number
                rows between unbounded preceding and 1 preceding
            ), 0
        ) > 0 as is_role_known
    from numbered

),

-- What a walk shows fills in an unknown role, and replaces another.
final as (

    select
        membership_key,
        stay_number,
        event_number,
        activity_id,
        walk_id,
        change_type,
        new_role,
        offered_role,
        case when is_observed then is_role_known and new_role is not null else is_set end as is_set,
        case when is_observed then not is_role_known and new_role is not null else is_fill end as is_fill,
        is_loss,
        occurred_at
    from known

)

select * from final
