{{ config(materialized=incremental_or_table(), incremental_strategy='append') }}

{% set payload = 'activities.payload' %}

with

activities as (

    select activities.* from {{ ref('activities') }} as activities
    where {{ is_new('activities') }}

),

-- Only the few activities that concern a key are parsed. A rotation describes the new key.
final as (

    select
        activities.activity_id,
        activities.organization_uuid,
        coalesce(
            activities.workspace_id, {{ json_text(payload, 'scope.workspace_id') }}
        ) as stated_workspace_id,
        activities.actor_id,
        {{ json_field(payload, 'event_types.id_field') }} as stated_key_id,
        event_types.key_type,
        event_types.event_type,
        activities.activity_type,
        activities.actor_type,
        activities.actor_email,
        case
            when coalesce(event_types.status, '') <> 'rotated'
                then coalesce({{ json_field(payload, 'event_types.name_field') }}, {{ json_text(payload, 'name') }})
        end as stated_name,
        case
            when event_types.event_type = 'created'
                then coalesce(lower({{ json_text(payload, 'status') }}), event_types.status)
            else event_types.status
        end as stated_status,
        case
            when event_types.event_type = 'updated' then {{ json_document(payload, 'updates') }}
        end as updates,
        case
            when event_types.event_type = 'updated' then {{ json_document(payload, 'updated_fields') }}
        end as updated_fields,
        case
            when coalesce(event_types.status, '') <> 'rotated'
                then {{ json_strings(payload, 'scopes') }}
        end as stated_scopes,
        case
            when event_types.event_type = 'created'
                then nullif({{ principal_type(json_text(payload, 'principal_type')) }}, 'unspecified')
        end as stated_owner_type,
        case when event_types.event_type = 'created' then {{ json_text(payload, 'principal_id') }} end as stated_owner_id,
        activities.occurred_at,
        case
            when coalesce(event_types.status, '') <> 'rotated'
                then {{ utc_timestamp(json_text(payload, 'expires_at')) }}
        end as stated_expires_at,
        activities.ingest_seq
    from activities
    inner join {{ ref('int_key_event_types') }} as event_types on activities.activity_type = event_types.activity_type

)

select * from final
