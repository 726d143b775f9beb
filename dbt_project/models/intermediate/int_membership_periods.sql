{#- Read by `membership_periods` and by the models of users. -#}
{{ config(materialized='table') }}

with

stay_ends as (

    select * from {{ ref('int_membership_transitions') }}
    where is_end

),

compared as (

    select
        *,
        lag(segment_role) over (partition by membership_key, stay_number order by segment_number) as previous_role,
        row_number() over (partition by membership_key, stay_number order by segment_number) as position_in_stay
    from {{ ref('int_membership_segments') }}

),

-- Repeating the current role starts no period.
begins as (

    select
        *,
        lead(activity_id) over (partition by membership_key, stay_number order by segment_number) as next_activity_id,
        lead(occurred_at) over (partition by membership_key, stay_number order by segment_number) as next_occurred_at
    from compared
    where position_in_stay = 1 or segment_role is distinct from previous_role

),

-- A stated join date replaces only a time that is unknown, or that of a walk.
bounded as (

    select
        begins.*,
        coalesce(begins.next_occurred_at, stay_ends.occurred_at) as valid_to,
        case
            when begins.next_occurred_at is not null then begins.next_activity_id else stay_ends.activity_id
        end as ended_by_activity_id,
        case
            when begins.next_occurred_at is not null then 'role_changed' else stay_ends.change_type
        end as end_reason,
        case
            when begins.position_in_stay = 1 and begins.activity_id is null then join_dates.joined_at
        end as joined_at
    from begins
    left join stay_ends
        on begins.membership_key = stay_ends.membership_key and begins.stay_number = stay_ends.stay_number
    left join {{ ref('int_membership_join_dates') }} as join_dates
        on begins.membership_key = join_dates.membership_key and begins.stay_number = join_dates.stay_number

),

final as (

    select
        {{ generate_surrogate_key([
            'bounded.membership_key', 'coalesce(bounded.walk_id, bounded.activity_id)',
        ]) }} as membership_period_id,
        bounded.membership_key,
        memberships.fold,
        memberships.scope_type,
        memberships.scope_id,
        memberships.principal_type,
        memberships.principal_id,
        bounded.stay_number,
        bounded.segment_number,
        bounded.segment_role as period_role,
        case when bounded.joined_at > bounded.valid_to then bounded.occurred_at
            else coalesce(bounded.joined_at, bounded.occurred_at)
        end as valid_from,
        bounded.valid_to,
        bounded.activity_id as started_by_activity_id,
        bounded.ended_by_activity_id,
        case
            when bounded.change_type is null and bounded.joined_at <= coalesce(bounded.valid_to, bounded.joined_at)
                then 'directory'
            else bounded.change_type
        end as start_reason,
        bounded.end_reason
    from bounded
    inner join {{ ref('int_memberships') }} as memberships on bounded.membership_key = memberships.membership_key

)

select * from final
