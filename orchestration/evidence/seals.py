"""`raw.day_seals`: closed days under a hash, chained, so that whoever changes history later breaks the chain.

A day of a source is sealed when complete walks cover all of it, no failed walk in it waits to be repeated, and an
ordinary overlap walk cannot reach it any more. A row that arrives later seals the day once more, as the next
version; so does an authorized removal, whose hash is chained in. The chain of a source is the order in which its
seals were appended: `seal_number`, from 1.

    seal_sha256 = SHA-256 of: previous seal (or nothing), source, date, count, day_sha256, joined by line feeds,
    and, where the seal tells of a removal, removal_sha256 as a sixth
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import duckdb
import pyarrow as pa

from orchestration import __version__
from orchestration.evidence.day_hash import read_contents
from orchestration.intervals import Interval
from orchestration.warehouse.ledger import coverage, unproven
from orchestration.warehouse.schema import NEWEST_INGEST_SEQ

# For sources that `raw.sources` does not describe: the defaults of the settings.
_SETTLE = timedelta(seconds=60)
_OVERLAP = timedelta(hours=1)


def seal_expression(row: str, previous: str) -> str:
    """The SQL that computes the seal of a row of `row` whose chain stands at `previous`."""
    names = ("source", "sealed_date", "activity_count", "day_sha256", "removal_sha256")
    fields = ", ".join(f"{row}.{name}" for name in names)
    # Of texts that are null `concat_ws` leaves out the separator as well.
    return f"sha256(concat_ws(chr(10), coalesce({previous}, ''), {fields}))"


# Whole days of the covered stretches that no overlap walk will read again and that have no seal.
_CLOSED_DAYS = """
create or replace temp table closed_days as
with horizons as (
    select
        covered.source,
        least(max(covered.stop), $now)
        - to_seconds(coalesce(any_value(settle_seconds), $settle) + coalesce(any_value(overlap_seconds), $overlap))
        as closed_until
    from covered
    left join raw.sources using (source)
    group by covered.source
),
whole_days as (
    select
        source,
        unnest(generate_series(
            date_trunc('day', start + interval 1 day - interval 1 microsecond),
            stop - interval 1 day,
            interval 1 day
        )) as day_start
    from covered
)
select source, day_start::date as sealed_date, day_start, day_start + interval 1 day as day_end
from whole_days
join horizons using (source)
anti join raw.day_seals
    on whole_days.source = day_seals.source and whole_days.day_start = day_seals.sealed_date
where day_start + interval 1 day <= closed_until
"""

# Which failures still wait is costly to find out over a long ledger: asked only where one could matter.
_IN_DOUBT = """
select distinct source
from closed_days
join raw.extracts using (source)
where status <> 'complete' and slice_start < day_end and slice_end > day_start
"""

_LEAVE_OPEN_DAYS = """
delete from closed_days using open_stretches
where
    closed_days.source = open_stretches.source
    and open_stretches.start < day_end and open_stretches.stop > day_start
"""

# Every row up to the newest `last_ingest_seq` has been looked at: each run looks at all sources and sealed days.
_WANTED_DAYS = f"""
create or replace temp table wanted_days as
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
-- A day that was still open then: its first seal tells of it.
removed_before as (
    select
        source,
        created_at::date as sealed_date,
        count(*) || ' of its activities had been removed' as reason,
        (select arg_max(removal_sha256, removal_id) from raw.removals) as removal_sha256
    from raw.removed_activities
    where table_name = 'activities'
    group by all
)
select source, sealed_date, last_ingest_seq, null as through_removal, 1 as seal_version, reason, removal_sha256
from closed_days left join removed_before using (source, sealed_date), newest
union all
select
    source, sealed_date, last_ingest_seq, null, seal_version + 1,
    late_count || if(late_count = 1, ' activity', ' activities') || ' arrived late', null
from sealed join arrived using (source, sealed_date), newest
"""

_APPEND = f"""
insert into raw.day_seals by name
with recursive tips as (
    select source, max(seal_number) as seal_number, arg_max(seal_sha256, seal_number) as seal_sha256
    from raw.day_seals group by source
),
steps as (
    select
        day_contents.* exclude (through_removal),
        seal_version,
        reason,
        removal_sha256,
        coalesce(tips.seal_number, 0) + row_number() over (partition by source order by sealed_date)
            as seal_number,
        tips.seal_sha256 as tip_sha256
    from day_contents
    join wanted_days using (source, sealed_date)
    left join tips using (source)
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
    select source, date_diff('day', min(start)::date, (max(stop) - interval 1 microsecond)::date) + 1 as day_count
    from covered group by source
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
    """What one run sealed of one source, and where its chain stands now."""

    source: str
    sealed_count: int
    resealed_count: int
    waiting_count: int
    seal_count: int
    newest_date: date | None
    newest_seal_sha256: str | None


def seal_days(connection: duckdb.DuckDBPyConnection) -> list[Sealing]:
    """Seal what is closed and proven, and once more what has changed since; all in one transaction.

    The cost goes by the ledger and by the rows of these days, not by the rows of history.
    """
    connection.begin()
    try:
        report = _seal(connection, datetime.now(UTC).replace(tzinfo=None))
        connection.commit()
    except BaseException:
        connection.rollback()
        raise
    return report


def _seal(connection: duckdb.DuckDBPyConnection, now: datetime) -> list[Sealing]:
    sources = [source for (source,) in connection.execute("select distinct source from raw.extracts").fetchall()]
    _keep(connection, "covered", [(name, piece) for name in sources for piece in coverage(connection, name)])
    limits = {"settle": int(_SETTLE.total_seconds()), "overlap": int(_OVERLAP.total_seconds())}
    connection.execute(_CLOSED_DAYS, limits | {"now": now})
    in_doubt = [source for (source,) in connection.execute(_IN_DOUBT).fetchall()]
    still_open = [(name, piece) for name in in_doubt for piece in unproven(connection, name)]
    _keep(connection, "open_stretches", still_open)
    connection.execute(_LEAVE_OPEN_DAYS)
    connection.execute(_WANTED_DAYS)
    append_seals(connection, now)
    report = connection.execute(_REPORT, {"now": now}).fetchall()
    for table in ("covered", "open_stretches", "closed_days"):
        connection.execute(f"drop table {table}")
    return [Sealing(*row) for row in report]


def append_seals(connection: duckdb.DuckDBPyConnection, now: datetime) -> None:
    """Seal the days in the temporary table `wanted_days` as they are now, and drop it; the caller commits.

    Beside what `read_contents` asks for it has `seal_version`, `reason` and `removal_sha256`.
    """
    read_contents(connection)
    connection.execute(_APPEND, {"now": now, "product_version": __version__})
    connection.execute("drop table wanted_days")
    connection.execute("drop table day_contents")


def _keep(connection: duckdb.DuckDBPyConnection, table: str, stretches: list[tuple[str, Interval]]) -> None:
    moment = pa.timestamp("us")
    rows = pa.table(
        {
            "source": pa.array([source for source, _ in stretches], pa.string()),
            "start": pa.array([piece.start.replace(tzinfo=None) for _, piece in stretches], moment),
            "stop": pa.array([piece.end.replace(tzinfo=None) for _, piece in stretches], moment),
        }
    )
    connection.register("stretches", rows)
    connection.execute(f"create or replace temp table {table} as from stretches")
    connection.unregister("stretches")
