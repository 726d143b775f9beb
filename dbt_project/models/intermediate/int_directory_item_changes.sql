with

items as (

    select * from {{ ref('stg_directory__items') }}

),

walks as (

    select * from {{ ref('stg_directory__walks') }}
    where status = 'complete'

),

final as (

    select
        items.source,
        items.list_name,
        coalesce(items.parent_id, '') as parent_key,
        items.item_id,
        items.walk_id,
        case when items.is_present then items.payload else '' end as item_content,
        walks.walk_seq,
        walks.started_at as observed_at
    from items
    inner join walks on items.walk_id = walks.walk_id

)

select * from final
