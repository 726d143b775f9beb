with

turns as (

    select * from {{ ref('int_membership_turns') }}

),

periods as (

    select
        membership_key,
        scope_type,
        scope_id,
        principal_type,
        principal_id,
        period_role,
        valid_from,
        valid_to,
        started_by_activity_id,
        ended_by_activity_id,
        end_reason
    from {{ ref('int_membership_seen_periods') }}

    union all

    select
        membership_key,
        scope_type,
        scope_id,
        principal_type,
        principal_id,
        previous_role as period_role,
        cast(null as {{ dbt.type_timestamp() }}) as valid_from,
        occurred_at as valid_to,
        cast(null as {{ dbt.type_string() }}) as started_by_activity_id,
        activity_id as ended_by_activity_id,
        signal_type as end_reason
    from turns
    where is_end_of_unseen_start

),

final as (

    select
        {{ hashed_id(['membership_key', 'started_by_activity_id']) }} as membership_period_id,
        scope_type,
        scope_id,
        principal_type,
        principal_id,
        period_role as {{ adapter.quote('role') }},
        valid_from,
        valid_to,
        valid_to is null as is_current,
        started_by_activity_id,
        ended_by_activity_id,
        end_reason
    from periods

)

select * from final
