{#- Three models read it; as a table it is computed once. -#}
{{ config(materialized='table') }}

with

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
    from {{ ref('int_membership_stated_events') }}

    union all

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
    from {{ ref('int_membership_ownership_events') }}

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
    from {{ ref('int_membership_terminal_events') }}

)

select * from final
