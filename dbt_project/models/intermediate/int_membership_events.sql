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
        walk_id,
        change_type,
        effect,
        is_direct,
        is_observed,
        is_initial,
        previous_role,
        new_role,
        offered_role,
        joined_at,
        occurred_at
    from {{ ref('int_membership_known_events') }}

    union all

    select
        membership_key,
        activity_id,
        cast(null as {{ dbt.type_string() }}) as walk_id,
        change_type,
        'end' as effect,
        false as is_direct,
        false as is_observed,
        false as is_initial,
        cast(null as {{ dbt.type_string() }}) as previous_role,
        cast(null as {{ dbt.type_string() }}) as new_role,
        cast(null as {{ dbt.type_string() }}) as offered_role,
        cast(null as {{ dbt.type_timestamp() }}) as joined_at,
        occurred_at
    from ends

)

select * from final
