with

signals as (

    select * from {{ ref('int_key_signals') }}

),

entries as (

    {{ update_entries('signals', 'signals.updates') | indent(4) }}

),

-- The event itself is step 0, the entries of its `updates` follow in order. A key whose first event says nothing of
-- its status has been active until then.
steps as (

    select
        activity_id,
        key_id,
        key_type,
        event_type,
        event_number,
        0 as step_number,
        stated_workspace_id,
        stated_name,
        case when event_type = 'updated' and event_number = 1 then 'active' else stated_status end as stated_status,
        stated_scopes,
        stated_expires_at
    from signals

    union all

    select
        activity_id,
        key_id,
        key_type,
        event_type,
        event_number,
        update_index as step_number,
        case when update_type = 'workspace' then current_value end as stated_workspace_id,
        case
            when key_type = 'external_key' and update_type = 'display_name' then current_value
            when key_type <> 'external_key' and update_type = 'name' then current_value
        end as stated_name,
        case when update_type in ('status', 'activation_state') then lower(current_value) end as stated_status,
        null as stated_scopes,
        null as stated_expires_at
    from entries

),

{% set key, place = 'key_type, key_id', 'event_number, step_number' %}

final as (

    select
        activity_id,
        key_id,
        {{ last_stated('stated_workspace_id', key, place) }} as workspace_id,
        key_type,
        event_type,
        {{ last_stated('stated_name', key, place) }} as key_name,
        {{ last_stated('stated_status', key, place) }} as status,
        {{ last_stated('stated_scopes', key, place) }} as scopes,
        event_number,
        step_number,
        {{ last_stated('stated_expires_at', key, place) }} as expires_at
    from steps

)

select * from final
