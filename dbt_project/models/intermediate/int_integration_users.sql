with

events as (

    select
        *,
        {{ moment('occurred_at', 'activity_id') }} as event_moment
    from {{ ref('int_integration_events') }}
    where effect in ('user_connected', 'user_disconnected')

),

states as (

    select
        organization_uuid,
        integration_type,
        integration_id,
        {{ value_at_last('effect', 'event_moment') }} as last_effect
    from events
    group by organization_uuid, integration_type, integration_id, actor_id

),

final as (

    select
        organization_uuid,
        integration_type,
        integration_id,
        sum(case when last_effect = 'user_connected' then 1 else 0 end) as connected_user_count
    from states
    group by organization_uuid, integration_type, integration_id

)

select * from final
