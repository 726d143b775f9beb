with

source as (

    select * from {{ source('raw', 'detection_allowlist') }}

),

renamed as (

    select
        rule_id,
        organization_uuid,
        subject_type,
        kind,
        value as allowed_value,
        first_address,
        last_address,
        reason,
        expires_at
    from source

)

select * from renamed
