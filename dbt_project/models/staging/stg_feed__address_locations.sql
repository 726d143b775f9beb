with

source as (

    select * from {{ source('raw', 'address_locations') }}

),

renamed as (

    select
        address as ip_address,
        country,
        asn,
        latitude,
        longitude,
        located_at
    from source

)

select * from renamed
