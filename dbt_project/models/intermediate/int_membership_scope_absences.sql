{#- Several models read it; as a table its windows are computed once. -#}
{{ config(materialized='table') }}

with

items as (

    select
        case items.list_name
            when 'groups' then 'group'
            when 'organizations' then 'organization'
            when 'roles' then 'rbac_role'
            when 'workspaces' then 'workspace'
        end as scope_type,
        items.item_id as scope_id,
        items.source,
        items.is_present,
        items.walk_id,
        walks.started_at,
        walks.finished_at
    from {{ ref('stg_directory__items') }} as items
    inner join {{ ref('stg_directory__walks') }} as walks on items.walk_id = walks.walk_id
    where
        items.list_name in ('groups', 'organizations', 'roles', 'workspaces')
        and walks.status = 'complete'

),

compared as (

    select
        *,
        coalesce(lag(is_present) over (partition by scope_type, scope_id, source order by started_at), false)
            as was_present
    from items

),

-- How many sources show the scope after each time.
counted as (

    select
        *,
        sum(case when is_present then 1 else 0 end - case when was_present then 1 else 0 end) over (
            partition by scope_type, scope_id order by started_at
        ) as source_count
    from compared

),

final as (

    select
        scope_type,
        scope_id,
        walk_id,
        started_at as absent_at,
        finished_at
    from counted
    where was_present and not is_present and source_count = 0

)

select * from final
