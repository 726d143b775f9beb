{{ config(materialized=incremental_or_table(), incremental_strategy='append') }}

with

received as (

    select
        activities.activity_id,
        activities.organization_uuid,
        activities.actor_id,
        activities.actor_email,
        events.integration_type,
        case
            when events.integration_type is null then {{ json_text('activities.payload', 'integration_type') }}
        end as stated_type,
        nullif({{ json_field('activities.payload', 'events.id_field') }}, '') as stated_id,
        {{ json_field('activities.payload', 'events.name_field') }} as integration_name,
        events.effect,
        activities.occurred_at,
        activities.ingest_seq
    from {{ ref('activities') }} as activities
    inner join {{ ref('integration_events') }} as events on activities.activity_type = events.activity_type
    where {{ is_new('activities') }}

),

typed as (

    select
        *,
        case when stated_id is not null then 'mcp_server' else coalesce(stated_type, 'unknown') end as personal_type
    from received

),

-- A person connects an MCP server where the record names one, else the type as a whole in the organization.
final as (

    select
        activity_id,
        organization_uuid,
        actor_id,
        actor_email,
        coalesce(integration_type, personal_type) as integration_type,
        coalesce(stated_id, integration_type, personal_type) as integration_id,
        integration_name,
        effect,
        stated_id is null and effect in ('user_connected', 'user_disconnected') as is_named_by_type,
        occurred_at,
        ingest_seq
    from typed

)

select * from final
