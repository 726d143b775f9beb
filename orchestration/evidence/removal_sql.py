"""The statements about authorized removals: what is recorded of one, and what verification computes again.

`raw.removals` is a chain of its own: each row's hash covers who removed what and why, a hash over all that was
left, and the row before. Seals carry the newest of these hashes, so that the chain of seals covers them all.
"""

# What is left of each removal, as lines. JSON keeps the fields apart whatever an id holds.
CONTENTS = """
select removal_id, sha256(string_agg(item, chr(10) order by item)) as content_sha256
from (
    select removal_id, json_array(
        table_name, source, activity_id, created_at, payload_sha256, extract_id, ingest_seq
    )::varchar as item
    from raw.removed_activities
    union all
    select removal_id, json_array(
        'day', source, removed_date, activity_count, revision_count, seal_sha256
    )::varchar
    from raw.removed_days
    union all
    select removal_id, json_array('extract', source, extract_id, activity_count, revision_count)::varchar
    from raw.removed_extracts
    union all
    select removal_id, json_array('quarantined', source, extract_id, payload_sha256)::varchar
    from raw.quarantined_records where removal_id is not null
    union all
    select removal_id, json_array(
        'directory', source, list_name, parent_id, item_sha256, follows_sha256, follows_rank, walk_id, is_present,
        payload_sha256, observed_at, ingest_seq
    )::varchar
    from raw.removed_items
    union all
    select removal_id, json_array('decision', decision_number, details_sha256)::varchar
    from raw.finding_decisions where removal_id is not null
)
group by removal_id
"""

# Records of an extract that were removed on request count as if they were there.
BY_EXTRACT = """
select
    extract_id, source,
    count(*) filter (where table_name = 'activities') as stored_count,
    count(*) filter (where table_name = 'activity_revisions') as revised_count
from raw.removed_activities group by all
union all
select extract_id, source, sum(activity_count), sum(revision_count) from raw.removed_extracts group by all
"""

_COUNTS = """
select removal_id, sum(activity_count)::bigint as activity_count, sum(revision_count)::bigint as revision_count
from (
    select removal_id, if(table_name = 'activities', 1, 0) as activity_count,
        if(table_name = 'activities', 0, 1) as revision_count
    from raw.removed_activities
    union all
    select removal_id, activity_count, revision_count from raw.removed_days
)
group by removal_id
"""

_DAYS = """
select distinct removal_id, source, created_at::date as removed_date
from raw.removed_activities where table_name = 'activities'
union
select removal_id, source, removed_date from raw.removed_days
"""


def removal_expression(row: str, previous: str) -> str:
    """The SQL that computes the hash of a row of `row` after the removal with the hash `previous`."""
    names = (
        "removal_id", "kind", "requested_by", "reason", "removed_at", "activity_count", "revision_count",
        "last_ingest_seq", "content_sha256", "last_walk_seq",
    )  # fmt: skip
    # `concat_ws` leaves out what is null: where there was no directory, the last line is the content's hash.
    fields = ", ".join(f"{row}.{name}" for name in names)
    return f"sha256(concat_ws(chr(10), coalesce({previous}, ''), {fields}))"


# The days of a removal that were sealed before, each with the seal that has to record it. What was taken of the
# directory is recorded by the newest sealed day of its source.
RESEAL_DAYS = """
with removed as (
    select source, created_at::date as sealed_date, count(*) as removed_count
    from raw.removed_activities where removal_id = $removal_id and table_name = 'activities' group by all
    union all
    select source, removed_date, activity_count from raw.removed_days where removal_id = $removal_id
),
sealed as (
    select source, sealed_date, max(seal_version) as seal_version from raw.day_seals group by all
),
parts as (
    select source, sealed_date, removed_count || if(removed_count = 1, ' activity', ' activities') as part
    from removed
    union all
    select source, max(sealed_date), item_count || if(item_count = 1, ' row', ' rows') || ' of the directory'
    from (select source, count(*) as item_count from raw.removed_items where removal_id = $removal_id group by all)
    join sealed using (source)
    group by source, item_count
),
reasons as (
    select source, sealed_date, string_agg(part, ' and ' order by part like '%directory') as part
    from parts group by all
)
select
    source, sealed_date, last_ingest_seq, null as through_removal, seal_version + 1 as seal_version,
    part || ' removed by ' || requested_by || ': ' || reason || ' (removal ' || removal_id || ')' as reason,
    removal_sha256
from reasons
join sealed using (source, sealed_date)
join raw.removals on removal_id = $removal_id
"""

# Each seal with the newest removal that its day recorded by then: what that one and those before it
# erased is not in it. Where retention has taken the day since, there is nothing left to compare it with.
SEAL_VERSIONS = """
with recorded as (
    select
        day_seals.*,
        coalesce(max(removals.removal_id) over (
            partition by source, sealed_date order by seal_number rows unbounded preceding
        ), 0) as through_removal
    from raw.day_seals left join raw.removals using (removal_sha256)
),
taken as (
    select source, removed_date as sealed_date, max(removal_id) as removal_id from raw.removed_days group by all
)
select recorded.*, coalesce(through_removal < taken.removal_id, false) as is_removed
from recorded left join taken using (source, sealed_date)
"""

# Every difference is a sentence; `number` orders them.
REMOVALS = f"""
with counted as ({_COUNTS}),
contents as ({CONTENTS}),
days as ({_DAYS}),
by_extract as (
    select removal_id, sum(activity_count)::bigint as activity_count, sum(revision_count)::bigint as revision_count
    from raw.removed_extracts group by all
),
linked as (
    select
        removals.*,
        row_number() over chain as expected_id,
        lag(removal_sha256) over chain as linked_sha256,
        {removal_expression("removals", "previous_removal_sha256")} as computed_sha256
    from raw.removals
    window chain as (order by removal_id)
),
recorded as (
    select
        linked.removal_id as number,
        case
            when linked.removal_id <> expected_id then 'number ' || expected_id || ' is missing before it'
            when previous_removal_sha256 is distinct from linked_sha256 or removal_sha256 <> computed_sha256
                then 'its row is not as recorded'
            when linked.content_sha256 is distinct from contents.content_sha256
                then 'what it left is not as recorded'
            when (linked.activity_count, linked.revision_count)
                is distinct from (coalesce(counted.activity_count, 0), coalesce(counted.revision_count, 0))
                or (kind = 'retention' and (counted.activity_count, counted.revision_count)
                is distinct from (coalesce(by_extract.activity_count, 0), coalesce(by_extract.revision_count, 0)))
                then 'it says ' || linked.activity_count || ' activities and ' || linked.revision_count
                || ' revisions, left are traces of ' || coalesce(counted.activity_count, 0) || ' and '
                || coalesce(counted.revision_count, 0)
        end as difference
    from linked
    left join contents using (removal_id)
    left join counted using (removal_id)
    left join by_extract using (removal_id)
),
unauthorized as (
    select removal_id as number, 'there are traces of it, and no such removal' as difference
    from (from contents select removal_id) anti join raw.removals using (removal_id)
),
unrecorded as (
    select removal_id as number, 'no seal of ' || source || ' ' || removed_date || ' records it' as difference
    from days
    join (
        select source, sealed_date as removed_date, max(through_removal) as through_removal
        from ({SEAL_VERSIONS}) group by all
    ) using (source, removed_date)
    where through_removal < removal_id
    union all
    select removal_id, 'no seal of ' || source || ' records what it took of the directory'
    from (select distinct removal_id, source from raw.removed_items)
    join (
        select source, max(through_removal) as through_removal from ({SEAL_VERSIONS}) group by source
    ) using (source)
    where through_removal < removal_id
),
unsealed as (
    select removal_id as number, source || ' ' || removed_date || ' has no seal' as difference
    from raw.removed_days
    left join raw.day_seals using (source, seal_sha256)
    where
        (sealed_date, day_seals.activity_count) is distinct from (removed_date, removed_days.activity_count)
),
unknown as (
    select
        0 as number,
        'seal ' || seal_number || ' of ' || source || ' records one that is not there' as difference
    from raw.day_seals anti join raw.removals using (removal_sha256)
    where removal_sha256 is not null
),
back as (
    select min(removal_id) as number, source || ' ' || activity_id || ' was removed, and is there' as difference
    from (
        select source, activity_id from raw.stored_activities
        union all
        select source, activity_id from raw.activity_revisions
    )
    join (select distinct removal_id, activity_id from raw.removed_activities) using (activity_id)
    group by source, activity_id
    union all
    select removal_id, removed_days.source || ' ' || activity_id || ' is of a day that was removed, and is there'
    from raw.stored_activities
    join raw.removed_days on stored_activities.source = removed_days.source and created_at::date = removed_date
),
differences as (
    from recorded where difference is not null
    union all from unauthorized
    union all from unrecorded
    union all from unsealed
    union all from unknown
    union all from back
)
select
    (select count(*) from raw.removals),
    count(*),
    arg_min('removal ' || number || ': ' || difference, (number, difference))
from differences
"""

LIST = f"""
select
    kind, requested_by, reason, removed_at, activity_count, revision_count, coalesce(day_count, 0),
    coalesce(item_count, 0), removal_id
from raw.removals
left join (select removal_id, count(*) as item_count from raw.removed_items group by all) using (removal_id)
left join (select removal_id, count(*) as day_count from ({_DAYS}) group by all) using (removal_id)
order by removal_id
"""
