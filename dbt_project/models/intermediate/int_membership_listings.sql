{#- Several models read it; as a table its windows are computed once. -#}
{{ config(materialized='table') }}

with

changes as (

    select * from {{ ref('int_membership_listed_items') }}

    union all

    select distinct * from {{ ref('int_membership_listing_interruptions') }}

),

compared as (

    select
        *,
        lead(observed_at) over (partition by list_key, principal_id order by observed_at) as next_observed_at,
        coalesce(lag(is_present) over (partition by list_key, principal_id order by observed_at), false)
            as was_present
    from changes

),

final as (

    select
        {{ generate_surrogate_key(['scope_type', 'scope_id', "'user'", 'principal_id', 'null']) }} as membership_key,
        list_key,
        scope_type,
        scope_id,
        principal_id,
        walk_id,
        email,
        full_name,
        listed_role,
        is_present,
        -- A user is in a scope while any of its lists shows them.
        sum(case when is_present then 1 else 0 end - case when was_present then 1 else 0 end) over (
            partition by scope_type, scope_id, principal_id order by observed_at
        ) > 0 as is_in_scope,
        is_first_of_scope,
        joined_at,
        observed_at,
        next_observed_at,
        finished_at
    from compared

)

select * from final
