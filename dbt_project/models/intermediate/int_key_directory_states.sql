with

-- Keys whose list a walk has read.
covered as (

    select * from {{ ref('int_key_lists') }}

),

usage_walks as (

    select count(*) as walk_count from {{ ref('stg_directory__walks') }}
    where list_name = 'usage' and status = 'complete'

),

-- Creations state the owner since August 2026. A list that shows the key states it again, null too.
created as (

    select
        key_id,
        key_type,
        {{ value_at_last('stated_owner_type', moment('occurred_at', 'activity_id')) }} as owner_type,
        {{ value_at_last('stated_owner_id', moment('occurred_at', 'activity_id')) }} as owner_id
    from {{ ref('int_key_stated_events') }}
    where stated_owner_type is not null and stated_owner_id is not null
    group by key_id, key_type

),

final as (

    select
        identities.key_id,
        identities.key_type,
        listed.partial_key_hint,
        case when listed.key_id is null then created.owner_type else listed.owner_type end as owner_type,
        case when listed.key_id is null then created.owner_id else listed.owner_id end as owner_id,
        coalesce(
            inference.inference_token_count_last_30_days,
            case when identities.key_type = 'platform_api_key' and usage_walks.walk_count > 0 then 0 end
        ) as inference_token_count_last_30_days,
        coalesce(listed.is_in_directory, case when covered.key_id is not null then false end) as is_in_directory,
        inference.last_inference_date
    from {{ ref('int_key_identities') }} as identities
    cross join usage_walks
    left join {{ ref('int_key_listed_states') }} as listed
        on identities.key_type = listed.key_type and identities.key_id = listed.key_id
    left join created on identities.key_type = created.key_type and identities.key_id = created.key_id
    left join covered on identities.key_type = covered.key_type and identities.key_id = covered.key_id
    left join {{ ref('int_key_inference') }} as inference
        on
            {{ id_suffix('identities.key_id') }} = inference.key_group
            and identities.key_type in ('scoped_api_key', 'platform_api_key', 'admin_api_key', 'unknown')

)

select * from final
