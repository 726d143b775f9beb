with

events as (

    select * from {{ ref('int_key_ordered_events') }}

),

entries as (

    {{ update_entries(
        'events', 'updates', ['fold', 'activity_id', 'key_id', 'key_type', 'event_type', 'event_number']
    ) | indent(4) }}

),

-- The event itself is step 0, the entries of its `updates` follow in order. A list states what is, not what changed:
-- if it is the first to state a status, the key had that status before.
final as (

    select
        fold,
        activity_id,
        key_id,
        key_type,
        event_type,
        event_number,
        0 as step_number,
        stated_workspace_id,
        stated_name,
        case event_type when 'listed' then stated_status end as stated_previous_status,
        stated_status,
        stated_scopes,
        listed_fields,
        stated_expires_at
    from events

    union all

    select
        fold,
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
        case
            when update_type in ('status', 'activation_state') then lower(previous_value)
        end as stated_previous_status,
        case when update_type in ('status', 'activation_state') then lower(current_value) end as stated_status,
        null as stated_scopes,
        null as listed_fields,
        case when update_type = 'expires_at' then {{ utc_timestamp('current_value') }} end as stated_expires_at
    from entries

)

select * from final
