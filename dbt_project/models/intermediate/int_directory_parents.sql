{#- Few rows. The step runs twice: a key that reads the whole parent may connect two that each read a part. -#}
{{ config(materialized='table') }}

with

listed as (

    select distinct
        source,
        list_name,
        item_id
    from {{ ref('stg_directory__items') }}
    where list_name in {{ lists_of_the_parent() }} and is_present

),

linked_0 as (

    select distinct
        source,
        source as parent_key
    from listed

),

{% for number in [1, 2] %}
    shown_{{ number }} as (

        select
            listed.list_name,
            listed.item_id,
            min(linked.parent_key) as parent_key
        from listed
        inner join linked_{{ number - 1 }} as linked on listed.source = linked.source
        group by listed.list_name, listed.item_id

    ),

    linked_{{ number }} as (

        select
            listed.source,
            min(shown.parent_key) as parent_key
        from listed
        inner join shown_{{ number }} as shown
            on listed.list_name = shown.list_name and listed.item_id = shown.item_id
        group by listed.source

    ),

{% endfor %}

final as (

    select * from linked_2

)

select * from final
