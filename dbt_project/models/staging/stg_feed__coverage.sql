with

source as (

    select * from {{ source('raw', 'coverage') }}

),

renamed as (

    select
        source,
        covered_from as covered_from_at,
        covered_to as covered_to_at
    from source

)

select * from renamed
