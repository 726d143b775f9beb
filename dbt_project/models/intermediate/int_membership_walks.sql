{#- Several models read it; as a table its window is computed once. -#}
{{ config(materialized='table') }}

with

walks as (

    select
        *,
        case list_name
            when 'users' then 'organization'
            when 'members' then 'organization'
            when 'group_members' then 'group'
            when 'workspace_members' then 'workspace'
        end as scope_type
    from {{ ref('stg_directory__walks') }}
    where
        list_name in ('users', 'members', 'group_members', 'workspace_members')
        and status = 'complete'
        and parent_id is not null

),

final as (

    select
        walk_id,
        list_name || ':' || parent_id || ':' || source as list_key,
        list_name,
        scope_type,
        parent_id as scope_id,
        started_at = min(started_at) over (partition by scope_type, parent_id) as is_first_of_scope,
        started_at,
        finished_at
    from walks

)

select * from final
