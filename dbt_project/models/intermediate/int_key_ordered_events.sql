with

events as (

    select * from {{ ref('int_key_events') }}

),

moments as (

    select
        fold,
        key_id,
        key_type,
        occurred_at,
        max(case event_type when 'created' then 1 else 0 end) as has_beginning,
        max(case event_type when 'ended' then 1 else 0 end) as has_end,
        row_number() over (partition by fold, key_type, key_id order by occurred_at) as moment_number
    from events
    group by fold, key_id, key_type, occurred_at

),

-- 1 if the key exists after the events at that time, 0 if not, null while no event determines it. A creation and an end
-- at the same time change nothing; a key first seen in an update existed.
left_open as (

    select
        moments.*,
        {{ last_non_null(
            'case when has_beginning + has_end = 1 then has_beginning '
            ~ 'when has_beginning + has_end = 0 and moment_number = 1 then 1 end',
            'fold, key_type, key_id', 'occurred_at'
        ) }} as is_open
    from moments

),

known_before as (

    select
        fold,
        key_id,
        key_type,
        occurred_at,
        coalesce(lag(is_open) over (partition by fold, key_type, key_id order by occurred_at), 0) as was_open
    from left_open

),

-- At equal times, an existing key ends before it is created again; any other is created before it ends. A walk lists
-- what the events left.
final as (

    select
        events.fold,
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
        events.listed_fields,
        events.occurred_at,
        events.stated_expires_at,
        cast(
            row_number() over (
                partition by events.fold, events.key_type, events.key_id
                order by
                    events.occurred_at,
                    case
                        when events.event_type in ('listed', 'gone') then 3
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
            events.fold = known_before.fold
            and events.key_type = known_before.key_type
            and events.key_id = known_before.key_id
            and events.occurred_at = known_before.occurred_at

)

select * from final
