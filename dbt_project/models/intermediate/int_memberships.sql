{#- Several models read it; as a table it is computed once. -#}
{{ config(materialized='table') }}

with

stated as (

    select
        membership_key,
        scope_type,
        scope_id,
        principal_type,
        principal_id,
        true as is_in_feed
    from {{ ref('int_membership_stated_events') }}

    union all

    select
        membership_key,
        scope_type,
        scope_id,
        principal_type,
        principal_id,
        true as is_in_feed
    from {{ ref('int_membership_ownership_events') }}

    union all

    select
        membership_key,
        scope_type,
        scope_id,
        'user' as principal_type,
        principal_id,
        false as is_in_feed
    from {{ ref('int_membership_listings') }}

),

memberships as (

    select
        stated.membership_key,
        stated.scope_type,
        stated.scope_id,
        stated.principal_type,
        stated.principal_id,
        max(case when stated.is_in_feed then 1 else 0 end) = 1 as is_in_feed,
        case
            when stated.scope_type = 'organization' then stated.scope_id else max(places.organization_uuid)
        end as organization_uuid
    from stated
    left join {{ ref('int_membership_places') }} as places
        on stated.scope_type = places.scope_type and stated.scope_id = places.scope_id
    group by
        stated.membership_key, stated.scope_type, stated.scope_id, stated.principal_type, stated.principal_id

),

-- Where a directory is read, memberships that it could list are folded a second time, from events alone.
final as (

    select
        membership_key,
        membership_key as stated_key,
        'complete' as fold,
        scope_type,
        scope_id,
        principal_type,
        principal_id,
        organization_uuid
    from memberships

    union all

    select
        'events:' || membership_key as membership_key,
        membership_key as stated_key,
        'events' as fold,
        scope_type,
        scope_id,
        principal_type,
        principal_id,
        organization_uuid
    from memberships
    where
        is_in_feed
        and scope_type in ('organization', 'group', 'workspace')
        and exists (select walks.walk_id from {{ ref('int_membership_walks') }} as walks)

)

select * from final
