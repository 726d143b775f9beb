{{
    config(
        materialized=growing(),
        incremental_strategy='append',
        on_schema_change='fail'
    )
}}

with

activities as (

    select activities.* from {{ ref('activities') }} as activities
    where {{ is_new('activities') }}

),

event_types as (

    select * from {{ ref('int_key_event_types') }}

),

-- The join leaves the few activities that concern a key: only their JSON is read.
final as (

    select
        activities.activity_id,
        activities.organization_uuid,
        activities.workspace_id as stated_workspace_id,
        activities.actor_id,
        {{ json_field('activities.payload', 'event_types.id_field') }} as stated_key_id,
        event_types.key_type,
        event_types.event_type,
        activities.activity_type,
        activities.actor_type,
        activities.actor_email,
        {{ json_field('activities.payload', 'event_types.name_field') }} as stated_name,
        event_types.status as stated_status,
        case
            when event_types.event_type = 'updated' then {{ json_document('activities.payload', 'updates') }}
        end as updates,
        case
            when event_types.event_type = 'updated' then {{ json_document('activities.payload', 'updated_fields') }}
        end as updated_fields,
        {{ json_strings('activities.payload', 'scopes') }} as stated_scopes,
        activities.occurred_at,
        case
            when activities.activity_type = 'claude_code_runner_pool_secret_minted'
                then {{ utc_timestamp(json_text('activities.payload', 'expires_at')) }}
        end as stated_expires_at,
        activities.ingest_seq
    from activities
    inner join event_types on activities.activity_type = event_types.activity_type

)

select * from final
