{% set item = 'list_name, parent_key, item_id' %}

with

changes as (

    select * from {{ ref('int_directory_item_changes') }}
    where list_name in ('organizations', 'groups', 'roles', 'workspaces')

),

items as (

    select distinct {{ item }} from changes
    where list_name <> 'organizations'

),

walks as (

    select
        *,
        lag(source) over (
            partition by list_name, parent_key order by started_at, walk_seq, walk_id
        ) as previous_source
    from {{ ref('int_directory_walks') }}

),

-- Where another source read the list before, a walk says of each item whether it is there. A key of one organization
-- lists that organization alone, which says nothing about the others.
observed as (

    select {{ item }}, source, walk_id, item_content, walk_seq, observed_at from changes

    union all

    select
        items.list_name,
        items.parent_key,
        items.item_id,
        walks.source,
        walks.walk_id,
        cast(null as {{ dbt.type_string() }}) as item_content,
        walks.walk_seq,
        walks.started_at as observed_at
    from walks
    inner join items on walks.list_name = items.list_name and walks.parent_key = items.parent_key
    left join changes on walks.walk_id = changes.walk_id and items.item_id = changes.item_id
    where walks.source <> walks.previous_source and changes.walk_id is null

),

states as (

    select
        list_name,
        item_id,
        observed_at,
        coalesce(
            {{ last_non_null('item_content', item ~ ', source', 'observed_at, walk_seq, walk_id') }}, ''
        ) as item_content
    from observed

),

final as (

    select distinct
        list_name,
        item_id,
        observed_at as absent_at
    from states
    where item_content = ''

)

select * from final
