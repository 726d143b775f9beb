with

source as (

    select * from {{ source('raw', 'detection_settings') }}

),

renamed as (

    select
        rule_id,
        organization_uuid,
        setting,
        value as setting_value,
        reason,
        expires_at
    from source

)

select * from renamed
