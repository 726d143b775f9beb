{#- Several models read it; as a table it is computed once. -#}
{{ config(materialized='table') }}

with

events as (

    select * from {{ ref('int_membership_stated_events') }}

    union all

    select * from {{ ref('int_membership_ownership_events') }}

),

places as (

    select * from {{ ref('int_membership_places') }}

),

memberships as (

    select distinct
        membership_key,
        scope_type,
        scope_id,
        principal_type,
        principal_id
    from events

),

final as (

    select
        memberships.membership_key,
        memberships.scope_type,
        memberships.scope_id,
        memberships.principal_type,
        memberships.principal_id,
        case
            when memberships.scope_type = 'organization' then memberships.scope_id else places.organization_uuid
        end as organization_uuid
    from memberships
    left join places on memberships.scope_type = places.scope_type and memberships.scope_id = places.scope_id

)

select * from final
