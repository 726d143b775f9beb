with

source as (

    select * from {{ source('raw', 'directory_walks') }}

),

renamed as (

    select
        walk_id,
        source,
        dagster_run_id,
        list_name,
        parent_id,
        status,
        content_sha256,
        last_request_id,
        product_version,
        error,
        page_count,
        item_count,
        new_count,
        changed_count,
        gone_count,
        coalesce(walk_seq, 0) as walk_seq,
        started_at,
        coalesce(finished_at, started_at) as finished_at
    from source

)

select * from renamed
