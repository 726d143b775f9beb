-- depends_on: {{ source('raw', 'removals') }}
-- Depends on `removals`, so that a removal of records is followed by a build.
with

source as (

    select * from {{ stored_activities() }}

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
        {{ mark_columns() }},
        coalesce(is_late, false) as is_late,
        created_at,
        ingested_at
    from source

)

select * from renamed
