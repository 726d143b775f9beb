with

source as (

    select * from {{ source('raw', 'activity_revisions') }}

),

renamed as (

    select
        activity_id,
        source,
        extract_id,
        organization_id,
        organization_uuid,
        activity_type,
        actor_type,
        payload,
        payload_sha256,
        ingest_seq,
        created_at,
        ingested_at
    from source

)

select * from renamed
