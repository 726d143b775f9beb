with

source as (

    select * from {{ source('raw', 'day_seals') }}

),

renamed as (

    select
        source,
        day_sha256,
        previous_seal_sha256,
        seal_sha256,
        reason,
        product_version,
        seal_version,
        activity_count,
        sealed_date,
        sealed_at
    from source

)

select * from renamed
