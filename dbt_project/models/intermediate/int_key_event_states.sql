{{ config(materialized='table') }}

with

compared as (

    select
        steps.*,
        coalesce(
            lag(steps.status) over (
                partition by steps.fold, steps.key_type, steps.key_id order by steps.event_number, steps.step_number
            ),
            steps.initial_status
        ) as previous_status
    from {{ ref('int_key_step_states') }} as steps

),

-- An event of several steps can leave a status and return to it; that is a change too.
folded as (

    select
        fold,
        key_id,
        key_type,
        event_number,
        {{ value_at_last('workspace_id', 'step_number') }} as workspace_id,
        {{ value_at_last('key_name', 'step_number') }} as key_name,
        {{ value_at_first('previous_status', 'step_number') }} as previous_status,
        {{ value_at_last('status', 'step_number') }} as current_status,
        {{ value_at_last('scopes', 'step_number') }} as scopes,
        max(case when status is distinct from previous_status then 1 else 0 end) = 1 as is_status_change,
        max(case when is_status_stated then 1 else 0 end) = 1 as is_status_stated,
        {{ value_at_last('expires_at', 'step_number') }} as expires_at
    from compared
    group by fold, key_id, key_type, event_number

),

final as (

    select
        events.fold,
        events.activity_id,
        events.key_id,
        events.key_type,
        events.event_type,
        events.activity_type,
        events.organization_uuid,
        folded.workspace_id,
        events.actor_type,
        events.actor_id,
        events.actor_email,
        folded.key_name,
        folded.scopes,
        folded.previous_status,
        folded.current_status,
        coalesce(events.updates, events.updated_fields) as changes,
        events.event_number,
        folded.is_status_change,
        folded.is_status_stated,
        events.occurred_at,
        folded.expires_at
    from {{ ref('int_key_ordered_events') }} as events
    inner join folded
        on
            events.fold = folded.fold
            and events.key_type = folded.key_type
            and events.key_id = folded.key_id
            and events.event_number = folded.event_number

)

select * from final
