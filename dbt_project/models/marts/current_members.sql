with

periods as (

    select * from {{ ref('membership_periods') }}
    where is_current

),

covered as (

    select distinct
        scope_type,
        scope_id
    from {{ ref('int_membership_walks') }}

),

listed as (

    select distinct
        scope_type,
        scope_id,
        principal_id
    from {{ ref('int_membership_listings') }}
    where is_present and next_observed_at is null

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
        emails.current_email,
        user_names.full_name,
        case when covered.scope_id is not null then listed.principal_id is not null end as is_in_directory
    from periods
    left join {{ ref('int_user_emails') }} as emails
        on periods.principal_type = 'user' and periods.principal_id = emails.user_id
    left join {{ ref('int_user_directory') }} as user_names
        on periods.principal_type = 'user' and periods.principal_id = user_names.user_id
    left join covered
        on
            periods.principal_type = 'user'
            and periods.scope_type = covered.scope_type
            and periods.scope_id = covered.scope_id
    left join listed
        on
            periods.principal_type = 'user'
            and periods.scope_type = listed.scope_type
            and periods.scope_id = listed.scope_id
            and periods.principal_id = listed.principal_id

)

select * from final
