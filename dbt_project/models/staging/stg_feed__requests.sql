with

source as (

    select * from {{ source('raw', 'feed_requests') }}

),

renamed as (

    select
        request_id,
        source,
        extract_id,
        status_code,
        requested_at
    from source

)

select * from renamed
