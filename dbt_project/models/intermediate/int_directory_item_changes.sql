with

items as (

    select * from {{ ref('stg_directory__items') }}

),

walks as (

    select * from {{ ref('int_directory_walks') }}

),

final as (

    select
        items.source,
        items.list_name,
        walks.parent_key,
        items.item_id,
        items.walk_id,
        case when items.is_present then items.payload else '' end as item_content,
        walks.walk_seq,
        walks.started_at as observed_at
    from items
    inner join walks on items.walk_id = walks.walk_id

)

select * from final
