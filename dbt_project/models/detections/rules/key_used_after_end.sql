with

changes as (

    select
        key_id,
        {{ key_family('key_type') }} as key_family,
        {{ key_group('key_type', 'key_id') }} as key_group,
        activity_id,
        current_status,
        occurred_at as since,
        lead(occurred_at) over (partition by key_type, key_id order by event_number) as until_at
    from {{ ref('key_events') }}
    where is_status_change and key_type in ('scoped_api_key', 'platform_api_key', 'admin_api_key', 'service_account')

),

-- A call that was refused shows that the key is dead.
actors as (

    select
        actor_id,
        actor_type,
        case actor_type when 'service_account_actor' then 'service_account' else 'api_key' end as key_family,
        case actor_type when 'service_account_actor' then actor_id else {{ id_suffix('actor_id') }} end as key_group,
        max(last_at) as last_at
    from {{ ref('detection_actors') }}
    where
        actor_type in ('api_actor', 'admin_api_key_actor', 'service_account_actor')
        and behaviour <> 'refused_read'
    group by actor_id, actor_type

),

-- Most keys that ended rest: only what was done with the others is read.
seen_later as (

    select distinct
        actors.actor_id,
        actors.actor_type,
        actors.key_family,
        actors.key_group
    from changes
    inner join actors
        on
            changes.key_family = actors.key_family
            and changes.key_group = actors.key_group
            and changes.since + {{ span(var('key_end_grace_minutes'), 'minute') }} < actors.last_at
    where changes.current_status <> 'active'

),

counts as (

    select
        counts.*,
        seen_later.key_family,
        seen_later.key_group
    from {{ ref('detection_counts') }} as counts
    inner join seen_later on counts.actor_id = seen_later.actor_id and counts.actor_type = seen_later.actor_type
    where
        counts.actor_type in ('api_actor', 'admin_api_key_actor', 'service_account_actor')
        and counts.behaviour <> 'refused_read'

),

uses as (

    select
        key_family,
        key_group,
        actor_id,
        first_activity_id as activity_id,
        first_at as used_at
    from counts

    union all

    select
        key_family,
        key_group,
        actor_id,
        last_activity_id as activity_id,
        last_at as used_at
    from counts

),

used as (

    select
        changes.key_id,
        changes.activity_id as ending_activity_id,
        changes.current_status,
        {{ value_at_first('uses.actor_id', moment('uses.used_at', 'uses.activity_id')) }} as actor_id,
        {{ value_at_first('uses.activity_id', moment('uses.used_at', 'uses.activity_id')) }} as activity_id,
        min(uses.used_at) as occurred_at
    from changes
    inner join uses
        on
            changes.key_family = uses.key_family
            and changes.key_group = uses.key_group
            and changes.since + {{ span(var('key_end_grace_minutes'), 'minute') }} < uses.used_at
            and (changes.until_at is null or changes.until_at > uses.used_at)
    where changes.current_status <> 'active'
    group by changes.key_id, changes.activity_id, changes.current_status

),

final as (

    select
        ending_activity_id as anchor,
        'key' as subject_type,
        key_id as subject_id,
        cast(null as {{ dbt.type_string() }}) as organization_uuid,
        actor_id,
        'A key was used and not refused after it had become ' || current_status || '.' as sentence,
        {{ text_array(['ending_activity_id', 'activity_id']) }} as evidence_activity_ids,
        occurred_at
    from used

)

select * from final
