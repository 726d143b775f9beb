{#- Two models fold it: as a table its windows are computed once. -#}
{{ config(materialized='table') }}

with

signals as (

    select * from {{ ref('int_membership_signals') }}

),

-- What a signal leaves behind depends on that signal alone, so the one before it tells whether a stay is open.
compared as (

    select
        *,
        coalesce(
            lag(signal_type) over (partition by membership_key order by occurred_at, activity_id)
            in ('added', 'invite_accepted', 'role_changed'),
            false
        ) as is_open_before
    from signals

),

marked as (

    select
        *,
        signal_type = 'role_changed'
        or (signal_type in ('added', 'invite_accepted') and not is_open_before) as is_start,
        is_open_before
        and signal_type in ('role_changed', 'removed', 'left', 'deprovisioned', 'scope_deleted') as is_end,
        is_first_change and signal_type in ('role_changed', 'removed', 'left') as is_end_of_unseen_start
    from compared

),

final as (

    select
        membership_key,
        scope_type,
        scope_id,
        principal_type,
        principal_id,
        activity_id,
        signal_type,
        previous_role,
        new_role,
        count(case when is_start then 1 end) over (
            partition by membership_key order by occurred_at, activity_id rows unbounded preceding
        ) as period_number,
        is_start,
        is_end,
        is_end_of_unseen_start,
        occurred_at
    from marked

)

select * from final
