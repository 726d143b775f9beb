with

events as (

    select * from {{ ref('int_key_events') }}

),

moments as (

    select
        key_id,
        key_type,
        occurred_at,
        max(case event_type when 'created' then 1 else 0 end) as has_beginning,
        max(case event_type when 'ended' then 1 else 0 end) as has_end,
        row_number() over (partition by key_type, key_id order by occurred_at) as moment_number
    from events
    group by key_id, key_type, occurred_at

),

-- 1 if the key is open after the events of that time, 0 if it is not, null while no event has told. Both a beginning
-- and an end leave it as it was; a key first seen in a change was there.
left_open as (

    select
        moments.*,
        {{ last_non_null(
            'case when has_beginning + has_end = 1 then has_beginning '
            ~ 'when has_beginning + has_end = 0 and moment_number = 1 then 1 end',
            'key_type, key_id', 'occurred_at'
        ) }} as is_open
    from moments

),

known_before as (

    select
        key_id,
        key_type,
        occurred_at,
        coalesce(lag(is_open) over (partition by key_type, key_id order by occurred_at), 0) as was_open
    from left_open

),

-- Within one time by what is possible: an open key ends before it begins again, another begins before it ends.
final as (

    select
        events.key_id,
        events.key_type,
        events.activity_id,
        events.activity_type,
        events.event_type,
        events.actor_id,
        events.actor_type,
        events.actor_email,
        events.stated_name,
        events.stated_status,
        events.updates,
        events.updated_fields,
        events.stated_scopes,
        events.stated_workspace_id,
        events.organization_uuid,
        events.occurred_at,
        events.stated_expires_at,
        cast(
            row_number() over (
                partition by events.key_type, events.key_id
                order by
                    events.occurred_at,
                    case
                        when events.event_type = 'updated' then 1
                        when (events.event_type = 'ended') = (known_before.was_open = 1) then 0
                        else 2
                    end,
                    events.activity_id,
                    events.event_type
            ) as {{ dbt.type_bigint() }}
        ) as event_number
    from events
    inner join known_before
        on
            events.key_type = known_before.key_type
            and events.key_id = known_before.key_id
            and events.occurred_at = known_before.occurred_at

)

select * from final
