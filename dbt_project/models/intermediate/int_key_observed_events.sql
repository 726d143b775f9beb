with

observations as (

    select * from {{ ref('int_key_observations') }}

),

-- The event that the walk saw the result of, while it ran or just recorded. It says when, and who did it.
events as (

    select
        observations.walk_id,
        observations.key_type,
        observations.key_id,
        min(statuses.occurred_at) as occurred_at
    from observations
    inner join {{ ref('int_key_stated_statuses') }} as statuses
        on
            observations.key_type = statuses.key_type
            and observations.key_id = statuses.key_id
            and observations.stated_status = statuses.stated_status
            and observations.started_at < statuses.occurred_at
            and observations.finished_at + {{ span(1, 'minute') }} >= statuses.occurred_at
    group by observations.walk_id, observations.key_type, observations.key_id

),

final as (

    select
        observations.key_id,
        observations.key_type,
        observations.event_type,
        observations.stated_name,
        observations.stated_status,
        observations.stated_scopes,
        observations.stated_workspace_id,
        observations.organization_uuid,
        observations.listed_fields,
        coalesce(
            events.occurred_at,
            case
                when
                    observations.stated_created_at > observations.started_at
                    and observations.stated_created_at <= observations.finished_at
                    then observations.stated_created_at
            end,
            observations.started_at
        ) as occurred_at,
        observations.stated_expires_at
    from observations
    left join events
        on
            observations.walk_id = events.walk_id
            and observations.key_type = events.key_type
            and observations.key_id = events.key_id

)

select * from final
