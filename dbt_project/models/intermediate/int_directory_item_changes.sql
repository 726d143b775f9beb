with

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
    from {{ ref('stg_directory__items') }} as items
    inner join {{ ref('int_directory_walks') }} as walks on items.walk_id = walks.walk_id

)

select * from final
