"""`raw.day_seals`: closed days under a hash, chained, so that a later change of history breaks the chain.

A day of a source is sealed when complete extracts cover all of it, no failed extract in it waits to be repeated,
and an ordinary overlap cannot reach it any more. A row that arrives later seals the day once more, as the next
version; so does an authorized removal, whose hash is chained in. The chain of a source is the order in which its
seals were appended: `seal_number`, from 1.

What a seal covers is its `seal_format`: 1 the day, 2 also the root of the day's hash tree, and the extracts and
directory walks of its source that ended since the seal before. `seal_expression` says how each is computed.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime

import duckdb
import pyarrow as pa

from orchestration import __version__
from orchestration.duckdb_sql import registered, transaction
from orchestration.evidence.day_hash import day_contents
from orchestration.evidence.ledger_sql import LEDGER_HASH, LEDGER_ROWS, WALK_HASH
from orchestration.intervals import DEFAULT_OVERLAP, DEFAULT_SETTLE, Interval, naive_utc
from orchestration.warehouse.ledger import unproven
from orchestration.warehouse.schema import NEWEST_EXTRACT_SEQ, NEWEST_INGEST_SEQ
from orchestration.warehouse.temporary import temporary


def seal_expression(row: str, previous: str) -> str:
    """The SQL that computes the seal of a row of `row` that follows the seal `previous`."""
    names = ("source", "sealed_date", "activity_count", "day_sha256")
    fields = ", ".join(f"{row}.{name}" for name in names)
    later_names = (
        "seal_format", "last_ingest_seq", "last_extract_seq", "extract_count", "ledger_sha256", "last_walk_seq",
        "walk_count", "walks_sha256", "merkle_root",
    )  # fmt: skip
    # Of texts that are null `concat_ws` leaves out the separator as well.
    first = f"sha256(concat_ws(chr(10), coalesce({previous}, ''), {fields}, {row}.removal_sha256))"
    later = (
        f"sha256(concat_ws(chr(10), coalesce({previous}, ''), {fields}, coalesce({row}.removal_sha256, ''), "
        f"{', '.join(f'{row}.{name}' for name in later_names)}))"
    )
    return f"if(coalesce({row}.seal_format, 1) = 1, {first}, {later})"


# Whole days of the covered intervals that no overlap extract will read again and that have no seal. What
# `raw.sources` does not describe is read as the settings are by default.
_CLOSED_DAYS = """
with horizons as (
    select
        covered.source,
        least(max(covered.covered_to), $now)
        - to_seconds(coalesce(any_value(settle_seconds), $settle) + coalesce(any_value(overlap_seconds), $overlap))
        as closed_until
    from raw.coverage as covered
    left join raw.sources using (source)
    group by covered.source
),
whole_days as (
    select
        source,
        unnest(generate_series(
            date_trunc('day', covered_from + interval 1 day - interval 1 microsecond),
            covered_to - interval 1 day,
            interval 1 day
        )) as day_start
    from raw.coverage
)
select source, day_start::date as sealed_date, day_start, day_start + interval 1 day as day_end
from whole_days
join horizons using (source)
anti join raw.day_seals
    on whole_days.source = day_seals.source and whole_days.day_start = day_seals.sealed_date
where day_start + interval 1 day <= closed_until
"""

# Finding open failures is costly on a long ledger, so it is done only where one could matter.
_IN_DOUBT = """
select distinct source
from {closed_days}
join raw.extracts using (source)
where status <> 'complete' and slice_start < day_end and slice_end > day_start
"""

_LEAVE_OPEN_DAYS = """
delete from {closed_days} as closed_days using open_intervals
where
    closed_days.source = open_intervals.source
    and open_intervals.start < day_end and open_intervals.stop > day_start
"""

# Every row up to the newest `last_ingest_seq` has been looked at: each run looks at all sources and sealed days.
_WANTED_DAYS = f"""
with seen as (
    select coalesce(max(last_ingest_seq), 0) as ingest_seq from raw.day_seals
),
newest as (
    select {NEWEST_INGEST_SEQ} as last_ingest_seq
),
arrived as (
    select source, created_at::date as sealed_date, count(*) as late_count
    from raw.activities
    where ingest_seq > (select ingest_seq from seen)
    group by all
),
sealed as (
    select source, sealed_date, max(seal_version) as seal_version from raw.day_seals group by all
),
-- A day that was still open then: its first seal records it.
removed_before as (
    select
        source,
        created_at::date as sealed_date,
        count(*) || ' of its activities had been removed' as reason,
        (select arg_max(removal_sha256, removal_id) from raw.removals) as removal_sha256
    from raw.removed_activities
    where table_name = 'activities'
    group by all
    union all
    -- The first seal of a source records what had been removed of its directory.
    select
        source,
        min(sealed_date),
        'rows of the directory had been removed',
        (select arg_max(removal_sha256, removal_id) from raw.removals)
    from {{closed_days}} semi join raw.removed_items using (source) anti join raw.day_seals using (source)
    group by source
),
earlier_removals as (
    select
        source, sealed_date, string_agg(reason, ', and ' order by reason) as reason,
        any_value(removal_sha256) as removal_sha256
    from removed_before group by all
)
select source, sealed_date, last_ingest_seq, null as through_removal, 1 as seal_version, reason, removal_sha256
from {{closed_days}} left join earlier_removals using (source, sealed_date), newest
union all
select
    source, sealed_date, last_ingest_seq, null, seal_version + 1,
    late_count || if(late_count = 1, ' activity', ' activities') || ' arrived late', null
from sealed join arrived using (source, sealed_date), newest
"""

# Rows that this product did not write may have no number; their walks come after all numbered ones.
_NUMBER_WALKS = """
update raw.directory_walks
set walk_seq = numbered.walk_seq
from (
    select
        walk_id,
        row_number() over (order by started_at, walk_id)
        + (select coalesce(max(walk_seq), 0) from raw.directory_walks) as walk_seq
    from raw.directory_walks
    where walk_seq is null
) as numbered
where directory_walks.walk_id = numbered.walk_id
"""

_APPEND = f"""
insert into raw.day_seals by name
with recursive tips as (
    select
        source, max(seal_number) as seal_number, arg_max(seal_sha256, seal_number) as seal_sha256,
        max(last_extract_seq) as last_extract_seq, max(last_walk_seq) as last_walk_seq
    from raw.day_seals group by source
),
-- The first of a source's seals covers what the ledger has since the one before; the others then add nothing.
ledger as (
    select source, count(*) as extract_count, {LEDGER_HASH} as ledger_sha256
    from ({LEDGER_ROWS}) as rows left join tips using (source)
    where extract_seq > coalesce(last_extract_seq, -1)
    group by source
),
walks as (
    select
        source, count(*) as walk_count,
        sha256(string_agg({WALK_HASH}, '' order by walk_seq, walk_id)) as walks_sha256
    from raw.directory_walks left join tips using (source)
    where walk_seq > coalesce(last_walk_seq, 0)
    group by source
),
numbered as (
    select
        contents.*,
        row_number() over (partition by source order by sealed_date) as step
    from {{contents}} as contents
),
steps as (
    select
        numbered.* exclude (through_removal, step),
        {NEWEST_EXTRACT_SEQ} as last_extract_seq,
        if(step = 1, coalesce(extract_count, 0), 0) as extract_count,
        if(step = 1, coalesce(ledger_sha256, sha256('')), sha256('')) as ledger_sha256,
        2 as seal_format,
        (select coalesce(max(walk_seq), 0) from raw.directory_walks) as last_walk_seq,
        if(step = 1, coalesce(walk_count, 0), 0) as walk_count,
        if(step = 1, coalesce(walks_sha256, sha256('')), sha256('')) as walks_sha256,
        seal_version,
        reason,
        removal_sha256,
        coalesce(tips.seal_number, 0) + step as seal_number,
        tips.seal_sha256 as tip_sha256
    from numbered
    join {{wanted}} as wanted using (source, sealed_date)
    left join tips using (source)
    left join ledger using (source)
    left join walks using (source)
),
chain as (
    select * exclude (tip_sha256), tip_sha256 as previous_seal_sha256,
        {seal_expression("steps", "tip_sha256")} as seal_sha256
    from steps
    qualify row_number() over (partition by source order by seal_number) = 1
    union all
    select steps.* exclude (tip_sha256), chain.seal_sha256,
        {seal_expression("steps", "chain.seal_sha256")}
    from chain
    join steps on chain.source = steps.source and chain.seal_number + 1 = steps.seal_number
)
select *, $now as sealed_at, $product_version as product_version from chain
"""

_REPORT = """
with spans as (
    select
        source,
        date_diff('day', min(covered_from)::date, (max(covered_to) - interval 1 microsecond)::date) + 1
        as day_count
    from raw.coverage group by source
)
select
    spans.source,
    count(*) filter (where sealed_at = $now and seal_version = 1),
    count(*) filter (where sealed_at = $now and seal_version > 1),
    any_value(day_count) - count(distinct sealed_date),
    count(seal_number),
    max(sealed_date),
    arg_max(seal_sha256, seal_number)
from spans
left join raw.day_seals using (source)
group by spans.source
order by spans.source
"""


@dataclass(frozen=True, slots=True)
class Sealing:
    """What one run sealed of one source, and the end of its chain."""

    source: str
    sealed_count: int
    resealed_count: int
    waiting_count: int
    seal_count: int
    newest_date: date | None
    newest_seal_sha256: str | None


def seal_days(connection: duckdb.DuckDBPyConnection) -> list[Sealing]:
    """Seal days that are closed and proven, and reseal those that have changed since, in one transaction.

    The cost depends on the ledger and the rows of these days, not on the length of history.
    """
    with transaction(connection):
        return _seal(connection, naive_utc(datetime.now(UTC)))


def _seal(connection: duckdb.DuckDBPyConnection, now: datetime) -> list[Sealing]:
    connection.execute(_NUMBER_WALKS)
    limits = {"settle": int(DEFAULT_SETTLE.total_seconds()), "overlap": int(DEFAULT_OVERLAP.total_seconds())}
    with temporary(connection, "closed_days", _CLOSED_DAYS, limits | {"now": now}) as closed:
        in_doubt = connection.execute(_IN_DOUBT.format(closed_days=closed)).fetchall()
        _leave_open_days(
            connection,
            closed,
            [(name, interval) for (name,) in in_doubt for interval in unproven(connection, name)],
        )
        with temporary(connection, "wanted_days", _WANTED_DAYS.format(closed_days=closed)) as wanted:
            append_seals(connection, wanted, now)
    return [Sealing(*row) for row in connection.execute(_REPORT, {"now": now}).fetchall()]


def append_seals(connection: duckdb.DuckDBPyConnection, wanted: str, now: datetime) -> None:
    """Seal the days in the table `wanted` as they are now; the caller commits.

    Besides the columns that `day_contents` needs, it has `seal_version`, `reason` and `removal_sha256`.
    """
    with day_contents(connection, wanted) as contents:
        connection.execute(
            _APPEND.format(contents=contents, wanted=wanted), {"now": now, "product_version": __version__}
        )


def _leave_open_days(
    connection: duckdb.DuckDBPyConnection, closed: str, intervals: list[tuple[str, Interval]]
) -> None:
    """Delete from the table `closed` the days in which one of the intervals lies."""
    moment = pa.timestamp("us")
    rows = pa.table(
        {
            "source": pa.array([source for source, _ in intervals], pa.string()),
            "start": pa.array([naive_utc(interval.start) for _, interval in intervals], moment),
            "stop": pa.array([naive_utc(interval.end) for _, interval in intervals], moment),
        }
    )
    with registered(connection, "open_intervals", rows):
        connection.execute(_LEAVE_OPEN_DAYS.format(closed_days=closed))
