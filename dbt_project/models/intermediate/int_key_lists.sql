with

lists as (

    select distinct
        key_type,
        parent_key,
        organization_uuid
    from {{ ref('int_key_walks') }}

),

counted as (

    select
        *,
        count(*) over (partition by key_type) as list_count
    from lists

),

organizations as (

    select distinct
        item_id as organization_uuid,
        parent_key
    from {{ ref('int_directory_item_states') }}
    where list_name = 'organizations'

),

final as (

    select
        identities.key_type,
        identities.key_id,
        counted.parent_key
    from {{ ref('int_key_identities') }} as identities
    inner join counted on identities.key_type = counted.key_type
    left join organizations
        on
            identities.organization_uuid = organizations.organization_uuid
            and counted.parent_key = organizations.parent_key
    where
        identities.organization_uuid = counted.organization_uuid
        or (
            counted.organization_uuid is null
            -- A single parent has every key, whether or not its organization is listed.
            and (organizations.parent_key is not null or counted.list_count = 1)
        )

)

select * from final
