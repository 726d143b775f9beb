{#- Read by `membership_periods` and by the models of users. -#}
{{ config(materialized='table') }}

with

segments as (

    select * from {{ ref('int_membership_segments') }}

),

stay_ends as (

    select * from {{ ref('int_membership_transitions') }}
    where is_end

),

memberships as (

    select * from {{ ref('int_memberships') }}

),

compared as (

    select
        *,
        lag(segment_role) over (partition by membership_key, stay_number order by segment_number) as previous_role,
        row_number() over (partition by membership_key, stay_number order by segment_number) as position_in_stay
    from segments

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

final as (

    select
        {{ generate_surrogate_key(['begins.membership_key', 'begins.activity_id']) }} as membership_period_id,
        begins.membership_key,
        memberships.scope_type,
        memberships.scope_id,
        memberships.principal_type,
        memberships.principal_id,
        begins.stay_number,
        begins.segment_number,
        begins.segment_role as period_role,
        begins.occurred_at as valid_from,
        coalesce(begins.next_occurred_at, stay_ends.occurred_at) as valid_to,
        begins.activity_id as started_by_activity_id,
        coalesce(begins.next_activity_id, stay_ends.activity_id) as ended_by_activity_id,
        begins.change_type as start_reason,
        case
            when begins.next_activity_id is not null then 'role_changed' else stay_ends.change_type
        end as end_reason
    from begins
    inner join memberships on begins.membership_key = memberships.membership_key
    left join stay_ends
        on begins.membership_key = stay_ends.membership_key and begins.stay_number = stay_ends.stay_number

)

select * from final
