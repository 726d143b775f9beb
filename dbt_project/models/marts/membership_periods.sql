with

final as (

    select
        membership_period_id,
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
        start_reason,
        end_reason
    from {{ ref('int_membership_periods') }}
    -- Nobody held a period of zero length.
    where fold = 'complete' and (valid_from is null or valid_to is null or valid_from < valid_to)

)

select * from final
