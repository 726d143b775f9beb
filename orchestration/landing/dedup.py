"""Classifies each incoming record: new, duplicate, or revision (a known id with new content).

Stored records are looked up by id in the time around the records of each extract, one interval after another: the
engine skips the row groups of all other time, so the cost does not grow with history. An activity may come back
with a less precise time, so the intervals reach a day further.
"""

from collections.abc import Iterable, Iterator

import duckdb

_DAY = 24 * 3600 * 10**6

_REACHES = "select epoch_us(min(created_at)), epoch_us(max(created_at)) from incoming group by extract_id"
_FIND = """
select stored.source, stored.activity_id, stored.payload_sha256
from raw.{table} as stored
semi join incoming using (source, activity_id)
where stored.created_at between make_timestamp({since}::bigint) and make_timestamp({until}::bigint)
"""

# What was removed on request stays away: erased records, whatever they say now and whichever source has them, and
# whole days that retention took.
_WITHHOLD = """
create or replace temp table withheld as
select position from incoming semi join raw.removed_activities using (activity_id)
union
select position from incoming
semi join raw.removed_days
    on incoming.source = removed_days.source and incoming.created_at::date = removed_days.removed_date
"""

# Records that have an id to themselves and are not known are new, and that is most of them: only the others are
# numbered and compared. What was stored first counts, else what came first.
_CLASSIFY = """
create or replace temp table classified as
with wanted as (
    from incoming anti join withheld using (position)
),
suspects as (
    select source, activity_id from wanted group by all having count(*) > 1
    union
    select source, activity_id from known
),
keys as (
    select
        position,
        source,
        activity_id,
        payload_sha256,
        first_value(payload_sha256) over (partition by source, activity_id order by position) as first_sha256,
        row_number() over (partition by source, activity_id order by position) as occurrence,
        row_number() over (partition by source, activity_id, payload_sha256 order by position) as repetition
    from wanted
    semi join suspects using (source, activity_id)
)
select
    keys.position,
    case
        when known.activity_id is null and keys.occurrence = 1 then 'new'
        when keys.payload_sha256 = coalesce(known.payload_sha256, keys.first_sha256) then 'duplicate'
        when keys.repetition > 1 or revised.payload_sha256 is not null then 'duplicate'
        else 'revision'
    end as classification
from keys
left join known on keys.source = known.source and keys.activity_id = known.activity_id
left join (select distinct * from revised) as revised
    on
        keys.source = revised.source
        and keys.activity_id = revised.activity_id
        and keys.payload_sha256 = revised.payload_sha256
union all
select position, 'duplicate' from withheld
"""


def classify(connection: duckdb.DuckDBPyConnection) -> None:
    """Fill `classified` (position, classification) from `incoming`; records that are not in it are new."""
    intervals = list(_joined(connection.execute(_REACHES).fetchall()))
    for name, table in (("known", "stored_activities"), ("revised", "activity_revisions")):
        finds = [_FIND.format(table=table, since=since, until=until) for since, until in intervals]
        connection.execute(f"create or replace temp table {name} as {' union all '.join(finds)}")
    connection.execute(_WITHHOLD)
    connection.execute(_CLASSIFY)


def _joined(reaches: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The times with a day around each (microseconds), those that meet as one."""
    since = until = None
    for earliest, latest in sorted(reaches):
        if until is not None and earliest - _DAY <= until:
            until = max(until, latest + _DAY)
            continue
        if until is not None:
            yield since, until
        since, until = earliest - _DAY, latest + _DAY
    if until is not None:
        yield since, until
