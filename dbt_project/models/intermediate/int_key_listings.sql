{{ config(materialized='table') }}

{% set actor = {'id': 'text', 'user_id': 'text', 'service_account_id': 'text', 'type': 'text'} %}

with

items as (

    select
        walks.walk_id,
        walks.series_key,
        items.item_id,
        walks.key_type,
        {{ key_group('walks.key_type', 'items.item_id') }} as key_group,
        walks.organization_uuid,
        walks.walk_number,
        items.is_present,
        items.payload,
        walks.started_at,
        {{ json_record('items.payload', {
            'name': 'text', 'status': 'text', 'is_active': 'text', 'scopes': 'texts', 'partial_key_hint': 'text',
            'workspace_id': 'text', 'created_by_id': 'text', 'created_at': 'text', 'expires_at': 'text',
            'scope': {'workspace_id': 'text'}, 'created_by': actor, 'principal': actor,
        }) }} as listed
    from {{ ref('stg_directory__items') }} as items
    inner join {{ ref('int_key_walks') }} as walks on items.walk_id = walks.walk_id

),

known_keys as (

    select distinct
        key_id,
        key_type,
        key_group
    from {{ ref('int_key_stated_events') }}
    where key_type in ('scoped_api_key', 'platform_api_key', 'admin_api_key')

),

-- A list of API keys that shows an admin key shows no other key.
final as (

    select
        items.walk_id,
        items.series_key,
        coalesce(
            known_keys.key_id,
            admin_keys.key_id,
            first_value(items.item_id) over (
                partition by items.key_type, items.key_group order by items.walk_number, items.item_id
            )
        ) as key_id,
        coalesce(known_keys.key_type, admin_keys.key_type, items.key_type) as key_type,
        items.organization_uuid,
        {{ record_field('listed', 'name') }} as stated_name,
        lower(coalesce(
            {{ record_field('listed', 'status') }},
            case {{ record_field('listed', 'is_active') }} when 'true' then 'active' when 'false' then 'inactive' end
        )) as stated_status,
        {{ record_field('listed', 'scopes') }} as stated_scopes,
        coalesce({{ record_field('listed', 'scope.workspace_id') }}, {{ record_field('listed', 'workspace_id') }})
            as stated_workspace_id,
        {{ record_field('listed', 'partial_key_hint') }} as partial_key_hint,
        {{ principal_type(record_field('listed', 'principal.type')) }} as owner_type,
        {{ principal_id('listed', 'principal') }} as owner_id,
        {{ principal_type(record_field('listed', 'created_by.type')) }} as created_by_type,
        coalesce({{ principal_id('listed', 'created_by') }}, {{ record_field('listed', 'created_by_id') }})
            as created_by_id,
        {{ json_fields('items.payload') }} as listed_fields,
        items.walk_number,
        items.is_present,
        items.started_at as observed_at,
        {{ utc_timestamp(record_field('listed', 'created_at')) }} as stated_created_at,
        {{ utc_timestamp(record_field('listed', 'expires_at')) }} as stated_expires_at
    from items
    left join known_keys on items.key_type = known_keys.key_type and items.key_group = known_keys.key_group
    left join known_keys as admin_keys
        on admin_keys.key_type = 'admin_api_key' and items.key_group = admin_keys.key_group

)

select * from final
