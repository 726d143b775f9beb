with

periods as (

    select * from {{ ref('membership_periods') }}
    where is_current

),

emails as (

    select * from {{ ref('int_user_emails') }}

),

final as (

    select
        periods.membership_period_id,
        periods.scope_type,
        periods.scope_id,
        periods.principal_type,
        periods.principal_id,
        periods.role,
        periods.valid_from,
        periods.valid_to,
        periods.is_current,
        periods.started_by_activity_id,
        periods.ended_by_activity_id,
        periods.start_reason,
        periods.end_reason,
        emails.current_email
    from periods
    left join emails on periods.principal_type = 'user' and periods.principal_id = emails.user_id

)

select * from final
