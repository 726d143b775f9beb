{% set learning_days = threshold('first_seen_integration', 'learning_days', 'seen.organization_uuid') %}

with

beginning as (

    select min(occurred_at) as began_at from {{ ref('activities') }}

),

uses as (

    select * from {{ ref('detection_activities') }}
    where
        activity_type in (
            'mcp_server_created', 'integration_user_connected', 'claude_github_integration_created',
            'claude_gdrive_integration_created', 'ghe_configuration_created'
        )

),

-- Some records have a server's id and name, others its name alone; both mean the same server.
named as (

    select
        organization_uuid,
        object_name,
        {{ value_at_first('object_id', moment('occurred_at', 'activity_id')) }} as object_id
    from uses
    where
        activity_type in ('mcp_server_created', 'integration_user_connected')
        and object_id is not null
        and object_name is not null
    group by organization_uuid, object_name

),

used as (

    select
        uses.*,
        case uses.activity_type
            when 'claude_github_integration_created' then 'github'
            when 'claude_gdrive_integration_created' then 'google_drive'
            else coalesce(uses.object_id, named.object_id, uses.object_name)
        end as integration_id
    from uses
    left join named
        on
            uses.organization_uuid is not distinct from named.organization_uuid
            and uses.object_name = named.object_name

),

{% set instant = moment('occurred_at', 'activity_id') %}

seen as (

    select
        organization_uuid,
        integration_id,
        {{ value_at_first('actor_id', instant) }} as actor_id,
        {{ value_at_first('activity_id', instant) }} as activity_id,
        {{ value_at_first('activity_type', instant) }} as activity_type,
        min(occurred_at) as occurred_at
    from used
    where integration_id is not null
    group by organization_uuid, integration_id

),

final as (

    select
        coalesce(seen.organization_uuid, '') as anchor,
        'integration' as subject_type,
        seen.integration_id as subject_id,
        seen.organization_uuid,
        seen.actor_id,
        'Seen for the first time in the organization: ' || seen.activity_type || '.' as sentence,
        {{ text_array(['seen.activity_id']) }} as evidence_activity_ids,
        seen.occurred_at
    from seen
    cross join beginning
    where seen.occurred_at >= beginning.began_at + {{ span(learning_days, 'day') }}

)

select * from final
