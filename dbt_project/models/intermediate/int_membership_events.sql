with

ends as (

    select * from {{ ref('int_membership_email_events') }}

    union all

    select * from {{ ref('int_membership_consequent_events') }}

),

final as (

    select
        membership_key,
        activity_id,
        change_type,
        effect,
        is_direct,
        previous_role,
        new_role,
        offered_role,
        occurred_at
    from {{ ref('int_membership_first_events') }}

    union all

    select
        membership_key,
        activity_id,
        change_type,
        'end' as effect,
        false as is_direct,
        cast(null as {{ dbt.type_string() }}) as previous_role,
        cast(null as {{ dbt.type_string() }}) as new_role,
        cast(null as {{ dbt.type_string() }}) as offered_role,
        occurred_at
    from ends

)

select * from final
