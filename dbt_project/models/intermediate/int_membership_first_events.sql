{#- Several models read it; as a table it is computed once. -#}
{{ config(materialized='table') }}

with

memberships as (

    select * from {{ ref('int_memberships') }}

),

final as (

    select
        memberships.membership_key,
        stated.activity_id,
        stated.change_type,
        stated.effect,
        stated.is_direct,
        stated.previous_role,
        stated.new_role,
        case
            when memberships.fold = 'complete' then stated.complete_offered_role else stated.offered_role
        end as offered_role,
        stated.occurred_at
    from {{ ref('int_membership_stated_events') }} as stated
    inner join memberships on stated.membership_key = memberships.stated_key

    union all

    select
        memberships.membership_key,
        transfers.activity_id,
        transfers.change_type,
        transfers.effect,
        transfers.is_direct,
        transfers.previous_role,
        transfers.new_role,
        transfers.offered_role,
        transfers.occurred_at
    from {{ ref('int_membership_ownership_events') }} as transfers
    inner join memberships
        on transfers.membership_key = memberships.stated_key and transfers.fold = memberships.fold

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
