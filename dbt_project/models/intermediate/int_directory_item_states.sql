{#- Read by several models; as a table its windows are computed once. -#}
{{ config(materialized='table') }}

{% set item = 'list_name, parent_key, item_id' %}

with

changes as (

    select * from {{ ref('int_directory_item_changes') }}

),

items as (

    select distinct {{ item }} from changes

),

shown as (

    select distinct source, {{ item }} from changes

),

-- For an unchanged item, a walk that restates its list repeats what its source saw last. A key of one
-- organization lists that organization alone, which says nothing about the others.
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
    from {{ ref('int_directory_restating_walks') }} as walks
    inner join items on walks.list_name = items.list_name and walks.parent_key = items.parent_key
    left join changes on walks.walk_id = changes.walk_id and items.item_id = changes.item_id
    left join shown
        on
            walks.source = shown.source
            and items.list_name = shown.list_name
            and items.parent_key = shown.parent_key
            and items.item_id = shown.item_id
    where changes.walk_id is null and (walks.list_name <> 'organizations' or shown.item_id is not null)

),

states as (

    select
        {{ item }},
        walk_id,
        coalesce(
            {{ last_non_null('item_content', item ~ ', source', 'observed_at, walk_seq, walk_id') }}, ''
        ) as item_content,
        walk_seq,
        observed_at,
        0 as is_end
    from observed

    union all

    select
        items.list_name,
        items.parent_key,
        items.item_id,
        '' as walk_id,
        '' as item_content,
        0 as walk_seq,
        ends.ended_at as observed_at,
        1 as is_end
    from {{ ref('int_directory_scope_ends') }} as ends
    inner join items on ends.list_name = items.list_name and ends.parent_key = items.parent_key

),

compared as (

    select
        *,
        coalesce(lag(item_content) over (
            partition by {{ item }} order by observed_at, is_end, walk_seq, walk_id
        ), '') as previous_content
    from states

),

changed as (

    select
        *,
        lead(observed_at) over (
            partition by {{ item }} order by observed_at, is_end, walk_seq, walk_id
        ) as next_observed_at
    from compared
    where item_content <> previous_content

),

final as (

    select
        {{ item }},
        item_content as payload,
        observed_at as valid_from,
        next_observed_at as valid_to
    from changed
    where item_content <> '' and coalesce(observed_at < next_observed_at, true)

)

select * from final
