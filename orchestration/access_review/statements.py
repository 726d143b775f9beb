"""SQL of an access review, on the published marts.

`$until` and `$since` are UTC times: the end of the reviewed day, and the end of the day of the previous review.
When a place or key counts as held is defined in the data dictionary: places by `membership_periods`, keys by
`key_periods` while they are active.
"""

from __future__ import annotations

# One row per holder and grant that is held at `$until`, or was held since `$since` and no longer is.
GRANTS = """
with
periods as (
    select
        *,
        -- Several roles on a resource can be held at once: each is a separate grant.
        case when scope_type like '%\\_role' escape '\\' then role end as held_role,
        coalesce(valid_from, '-infinity') <= $until and $until < coalesce(valid_to, 'infinity') as is_held,
        coalesce(valid_from, '-infinity') <= $since and $since < coalesce(valid_to, 'infinity') as was_held
    from marts.membership_periods
    where coalesce(valid_from, '-infinity') <= $until
),
last_periods as (
    select * from periods
    where is_held or (valid_to > $since and valid_to <= $until)
    qualify row_number() over (
        partition by scope_type, scope_id, principal_type, principal_id, held_role
        order by is_held desc, valid_to desc, valid_from desc nulls last, membership_period_id
    ) = 1
),
places as (
    select
        last_periods.principal_type as holder_type, last_periods.principal_id as holder_id,
        false as is_key, last_periods.scope_type as grant_type, last_periods.scope_id as grant_id,
        null as grant_name,
        last_periods.role, last_periods.is_held, last_periods.valid_from as granted_at,
        coalesce(begun.actor_email, begun.actor_id, begun.actor_type) as granted_by,
        case when not last_periods.is_held then last_periods.valid_to end as ended_at,
        case when not last_periods.is_held then last_periods.end_reason end as end_reason,
        case
            when not last_periods.is_held then coalesce(over.actor_email, over.actor_id, over.actor_type)
        end as ended_by,
        null::timestamp as last_used_at, null::timestamp as expires_at, earlier.role as previous_role,
        case
            when not last_periods.is_held then 'ended'
            when earlier.membership_period_id is null then 'new'
            when earlier.membership_period_id = last_periods.membership_period_id then 'kept'
            when earlier.role is distinct from last_periods.role then 'role changed'
            else 'given again'
        end as change
    from last_periods
    left join periods as earlier
        on earlier.was_held
        and earlier.scope_type = last_periods.scope_type and earlier.scope_id = last_periods.scope_id
        and earlier.principal_type = last_periods.principal_type
        and earlier.principal_id = last_periods.principal_id
        and earlier.held_role is not distinct from last_periods.held_role
    left join marts.activities as begun on last_periods.started_by_activity_id = begun.activity_id
    left join marts.activities as over on last_periods.ended_by_activity_id = over.activity_id
),
key_periods as (
    select
        *,
        coalesce(valid_from, '-infinity') <= $until and $until < coalesce(valid_to, 'infinity') as is_held,
        coalesce(valid_from, '-infinity') <= $since and $since < coalesce(valid_to, 'infinity') as was_held,
        lead(status) over (partition by key_type, key_id order by valid_from nulls first) as next_status
    from marts.key_periods
),
last_key_periods as (
    select *, bool_or(was_held) over (partition by key_type, key_id) as was_held_before
    from key_periods
    where status = 'active' and coalesce(valid_from, '-infinity') <= $until
    qualify (is_held or (valid_to > $since and valid_to <= $until)) and row_number() over (
        partition by key_type, key_id order by is_held desc, valid_from desc nulls last
    ) = 1
),
stated as (
    select
        key_type, key_id,
        arg_max(name, event_number) as name,
        arg_max(array_to_string(scopes, ' '), event_number) as scopes,
        arg_max(expires_at, event_number) as expires_at,
        any_value(actor_type) filter (event_type = 'created') as maker_type,
        any_value(actor_id) filter (event_type = 'created') as maker_id,
        any_value(coalesce(actor_email, actor_id, actor_type)) filter (event_type = 'created') as maker,
        min(occurred_at) filter (event_type = 'created') as created_at
    from marts.key_events
    where occurred_at <= $until
    group by key_type, key_id
),
uses as (
    select
        actor_type = 'service_account_actor' as is_account, regexp_extract(actor_id, '[^_]*$') as key_group,
        max(occurred_at) as last_used_at
    from marts.activities
    where actor_type in ('api_actor', 'admin_api_key_actor', 'service_account_actor') and occurred_at <= $until
    group by all
),
leavers as (
    select principal_id as user_id, scope_id as organization_uuid
    from periods
    where scope_type = 'organization' and principal_type = 'user'
    group by all
    having not bool_or(is_held)
),
held_keys as (
    select
        case
            when key_type = 'service_account' then 'service_account'
            when stated.maker_type = 'user_actor' then 'user'
            else coalesce(replace(stated.maker_type, '_actor', ''), 'unknown')
        end as holder_type,
        case when key_type = 'service_account' then key_id else stated.maker_id end as holder_id,
        true as is_key, key_type as grant_type, key_id as grant_id, stated.name as grant_name,
        stated.scopes as role, periods.is_held,
        stated.created_at as granted_at, stated.maker as granted_by,
        case when not periods.is_held then periods.valid_to end as ended_at,
        case when not periods.is_held then periods.next_status end as end_reason,
        case
            when not periods.is_held then coalesce(over.actor_email, over.actor_id, over.actor_type)
        end as ended_by,
        uses.last_used_at, stated.expires_at, null as previous_role,
        case
            when not periods.is_held then 'ended'
            when periods.was_held_before then 'kept'
            else 'new'
        end as change,
        stated.maker_type = 'user_actor' and exists (
            select 1 from leavers
            where leavers.user_id = stated.maker_id
                and leavers.organization_uuid = coalesce(lifecycle.organization_uuid, leavers.organization_uuid)
        ) as has_maker_left
    from last_key_periods as periods
    inner join marts.key_lifecycle as lifecycle using (key_type, key_id)
    left join stated using (key_type, key_id)
    left join marts.activities as over on periods.ended_by_activity_id = over.activity_id
    left join uses
        on regexp_extract(key_id, '[^_]*$') = uses.key_group
        and uses.is_account = (key_type = 'service_account')
        and key_type in ('scoped_api_key', 'platform_api_key', 'admin_api_key', 'service_account', 'unknown')
)
select * from places
union all by name
select * from held_keys
"""

# One row per user known by `$until`: membership status and last activity.
PEOPLE = """
with
stays as (
    select
        *,
        $until < coalesce(valid_to, 'infinity') as is_held,
        valid_from > $until - interval 90 day and not exists (
            select 1 from marts.membership_periods as before
            where before.scope_type = 'organization' and before.principal_type = 'user'
                and before.scope_id = period.scope_id and before.principal_id = period.principal_id
                and before.valid_to = period.valid_from and before.end_reason = 'role_changed'
        ) as is_recent
    from marts.membership_periods as period
    where scope_type = 'organization' and principal_type = 'user' and coalesce(valid_from, '-infinity') <= $until
),
memberships as (
    select
        principal_id as user_id, bool_or(is_held) as is_member, coalesce(bool_or(is_recent), false) as is_recent,
        max(valid_to) filter (not is_held) as left_at
    from stays
    group by principal_id
),
acts as (
    select
        actor_user_id as user_id, max(occurred_at) as last_seen_at,
        max(occurred_at) filter (activity_type not like '%\\_viewed' escape '\\') as last_active_at
    from marts.activities
    where actor_user_id is not null and occurred_at <= $until
    group by actor_user_id
)
select
    users.user_id, users.current_email,
    case
        when memberships.is_member then 'member'
        when memberships.user_id is not null then 'left'
        else 'not known'
    end as status,
    coalesce(memberships.is_recent, false) as is_recent, acts.last_active_at, acts.last_seen_at
from marts.users as users
left join memberships on users.user_id = memberships.user_id
left join acts on users.user_id = acts.user_id
"""

# Period, completeness and edition of the published file, in one row.
EDITION = """
select
    (select min(occurred_at) from marts.activities) as first_activity_at,
    (select max(occurred_at) from marts.activities) as newest_activity_at,
    min(published_at) as published_at,
    case when count(complete_through) = count(*) then min(complete_through) end as complete_through,
    sum(gap_count)::bigint as gap_count,
    any_value(fingerprint) as fingerprint,
    (
        select min(newest_date) from (
            select max(coverage_date) filter (status = 'complete') as newest_date
            from marts.feed_coverage group by source
        )
    ) as newest_complete_date,
    (
        select count(*) from marts.feed_coverage
        where status <> 'complete' and coverage_date <= $until::date
    ) as incomplete_day_count
from marts._published
"""

BLIND_SPOTS = """
select organization_uuid, switch, began_at, ended_at
from marts.blind_spots
where coalesce(began_at, '-infinity') <= $until
order by began_at nulls first, organization_uuid, switch
"""
