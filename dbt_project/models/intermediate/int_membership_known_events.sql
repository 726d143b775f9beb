with

final as (

    select
        membership_key,
        activity_id,
        cast(null as {{ dbt.type_string() }}) as walk_id,
        change_type,
        effect,
        is_direct,
        false as is_observed,
        false as is_initial,
        previous_role,
        new_role,
        offered_role,
        cast(null as {{ dbt.type_timestamp() }}) as joined_at,
        occurred_at
    from {{ ref('int_membership_first_events') }}

    union all

    select
        membership_key,
        activity_id,
        walk_id,
        change_type,
        effect,
        effect = 'begin' as is_direct,
        true as is_observed,
        is_initial,
        new_role as previous_role,
        new_role,
        cast(null as {{ dbt.type_string() }}) as offered_role,
        joined_at,
        occurred_at
    from {{ ref('int_membership_observations') }}

)

select * from final
