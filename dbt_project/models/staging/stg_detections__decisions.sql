with

source as (

    select * from {{ source('raw', 'finding_decisions') }}

),

renamed as (

    select
        finding_id,
        rule_id,
        subject_id,
        status,
        decided_by,
        note,
        decision_number,
        decided_at,
        muted_until
    from source

)

select * from renamed
