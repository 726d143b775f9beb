"""What an access review reads from the published marts. Every fact is derived there; here rows are only selected.

`$until` is the end of the reviewed day in UTC. Rights, agreement and names are those of the edition, which has no
history of them.
"""

GRANTS = """
select * from marts.access_grants
where coalesce(valid_from, '-infinity') <= $until
order by grant_key, valid_from nulls first
"""

# People seen by `$until`, with their last activity up to it.
PEOPLE = """
select users.user_id, users.full_name, users.current_email, days.last_engaged_at, days.last_activity_at
from marts.users as users
left join (
    select user_id, max(last_engaged_at) as last_engaged_at, max(last_activity_at) as last_activity_at
    from marts.user_activity_daily
    where activity_date <= $until::date
    group by user_id
) as days using (user_id)
"""

KEY_USES = """
select key_type, key_id, max(last_used_at) as last_used_at
from marts.key_use_daily
where use_date <= $until::date
group by key_type, key_id
"""

RIGHTS = """
select
    users.full_name, users.current_email, organizations.organization_name, access.* exclude (effective_access_id)
from marts.effective_access as access
left join marts.users as users using (user_id)
left join marts.organizations as organizations using (organization_uuid)
order by
    users.current_email nulls last, access.user_id, access.organization_uuid nulls last, access.path,
    access.group_id nulls last, access.role_id nulls last, access.effective_access_id
"""

AGREEMENT = """
select agreement.*, organizations.organization_name
from marts.state_agreement as agreement
left join marts.organizations as organizations using (organization_uuid)
order by organizations.organization_name nulls last, agreement.organization_uuid nulls last, agreement.object_kind
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
select spots.organization_uuid, organizations.organization_name, spots.switch, spots.began_at, spots.ended_at
from marts.blind_spots as spots
left join marts.organizations as organizations using (organization_uuid)
where coalesce(spots.began_at, '-infinity') <= $until
order by spots.began_at nulls first, spots.organization_uuid, spots.switch
"""
