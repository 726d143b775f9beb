{{ config(materialized=incremental_or_table(), incremental_strategy='append') }}

with

activities as (

    select activities.* from {{ ref('int_configuration_activities') }} as activities
    where {{ is_new('activities') }}

),

statements as (

    select statements.* from {{ ref('int_configuration_statements') }} as statements
    where {{ is_new('statements') }}

),

read_whole as (

    select
        activity_type,
        max(setting) as setting
    from {{ ref('configuration_settings') }}
    where reading = 'whole'
    group by activity_type

),

final as (

    select
        {{ generate_surrogate_key(['activities.activity_id', 'coalesce(statements.change_number, 1)']) }}
            as configuration_change_id,
        activities.activity_id,
        cast(coalesce(statements.change_number, 1) as bigint) as change_number,
        activities.occurred_at,
        activities.organization_uuid,
        activities.workspace_id,
        activities.activity_type,
        activities.category,
        activities.object_type,
        activities.object_id,
        activities.action,
        coalesce(statements.setting, read_whole.setting) as setting,
        statements.previous_value,
        statements.current_value,
        case
            when statements.activity_id is null then activities.payload
            else statements.unread_document
        end as unread_document,
        activities.actor_type,
        activities.actor_id,
        activities.actor_email,
        activities.actor_ip_address,
        activities.ingest_seq
    from activities
    left join statements on activities.activity_id = statements.activity_id
    left join read_whole on activities.activity_type = read_whole.activity_type

)

select * from final
