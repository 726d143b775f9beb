with

source as (

    select * from {{ source('raw', 'key_usage') }}

),

renamed as (

    select
        source,
        api_key_id,
        workspace_id,
        walk_id,
        model,
        payload,
        payload_sha256,
        uncached_input_token_count,
        cache_read_token_count,
        cache_creation_token_count,
        output_token_count,
        usage_version,
        ingest_seq,
        usage_date,
        observed_at
    from source

)

select * from renamed
