with

source as (

    select * from {{ source('raw', 'extracts') }}

),

renamed as (

    select
        extract_id,
        source,
        dagster_run_id,
        kind,
        status,
        first_cursor,
        last_cursor,
        last_request_id,
        content_sha256,
        product_version,
        error,
        page_count,
        received_count,
        inserted_count,
        duplicate_count,
        revision_count,
        late_count,
        query like '%activity_types[]%' as is_filtered,
        slice_start as slice_start_at,
        slice_end as slice_end_at,
        started_at,
        finished_at
    from source

)

select * from renamed
