{% set integration = 'organization_uuid, integration_type, integration_id' %}

with

events as (

    select
        *,
        {{ moment('occurred_at', 'activity_id') }} as event_moment
    from {{ ref('int_integration_events') }}

),

summed as (

    select
        {{ integration }},
        {{ value_at_last('integration_name', 'event_moment') }}
        filter (where integration_name is not null) as integration_name,
        min(occurred_at) as first_seen_at,
        max(occurred_at) filter (where effect in ('used', 'user_connected')) as last_used_at,
        max(occurred_at) filter (where effect = 'changed') as last_changed_at,
        max(case when is_named_by_type then 0 else 1 end) = 1 as is_of_organization,
        max(event_moment) filter (where effect = 'disconnected') as last_end,
        max(event_moment) filter (where effect not in ('disconnected', 'user_disconnected')) as last_sign,
        coalesce(
            max(event_moment) filter (where effect = 'connected'),
            min(event_moment) filter (where effect = 'user_connected' and is_named_by_type)
        ) as last_start,
        max(event_moment) filter (where effect = 'user_disconnected' and is_named_by_type) as last_user_end
    from events
    group by {{ integration }}

),

-- An integration that is used or changed after it was disconnected is connected again.
connections as (

    select
        summed.*,
        coalesce(connected_users.connected_user_count, 0) as connected_user_count,
        case
            when not summed.is_of_organization then coalesce(connected_users.connected_user_count, 0) > 0
            else coalesce(summed.last_sign > summed.last_end, summed.last_end is null)
        end as is_connected
    from summed
    left join {{ ref('int_integration_users') }} as connected_users
        on
            summed.organization_uuid is not distinct from connected_users.organization_uuid
            and summed.integration_type = connected_users.integration_type
            and summed.integration_id = connected_users.integration_id

),

ended as (

    select
        *,
        case when not is_connected then coalesce(last_end, last_user_end) end as end_moment
    from connections

),

final as (

    select
        {{ generate_surrogate_key([
            'ended.organization_uuid', 'ended.integration_type', 'ended.integration_id'
        ]) }} as integration_key,
        ended.organization_uuid,
        ended.integration_type,
        ended.integration_id,
        ended.integration_name,
        ended.is_connected,
        cast(case when ended.is_connected then ended.connected_user_count else 0 end as bigint) as connected_user_count,
        {{ moment_part('ended.last_start', 'occurred_at') }} as connected_at,
        start_events.actor_id as connected_by_actor_id,
        start_events.actor_email as connected_by_email,
        ended.first_seen_at,
        ended.last_changed_at,
        ended.last_used_at,
        {{ moment_part('ended.end_moment', 'occurred_at') }} as disconnected_at,
        end_events.actor_id as disconnected_by_actor_id,
        end_events.actor_email as disconnected_by_email
    from ended
    left join events as start_events on {{ moment_part('ended.last_start', 'activity_id') }} = start_events.activity_id
    left join events as end_events on {{ moment_part('ended.end_moment', 'activity_id') }} = end_events.activity_id

)

select * from final
