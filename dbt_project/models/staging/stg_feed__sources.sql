with

source as (

    select * from {{ source('raw', 'sources') }}

),

renamed as (

    select
        source,
        feed_host,
        last_error,
        settle_seconds,
        overlap_seconds,
        history_start as history_start_at,
        last_run_at,
        last_horizon as last_horizon_at
    from source

)

select * from renamed
