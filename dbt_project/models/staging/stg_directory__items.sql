with

source as (

    select * from {{ source('raw', 'directory_items') }}

),

renamed as (

    select
        source,
        list_name,
        parent_id,
        item_id,
        walk_id,
        payload,
        payload_sha256,
        ingest_seq,
        is_present,
        observed_at
    from source

)

select * from renamed
