"""Finds the days that are due: sealed days of which the archive does not have every row that the seal counts.

A day is archived as of its newest seal; later rows wait for the next seal. A day that does not match its seal is
not archived.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import duckdb

from orchestration.archive.errors import ArchiveError
from orchestration.duckdb_sql import dict_rows
from orchestration.evidence.day_hash import day_contents
from orchestration.warehouse.temporary import temporary

# Rows staged at a time: limits disk usage, and the memory of DuckDB's sort.
BATCH_ROWS = 500_000

Days = dict[tuple[str, date], dict[str, Any]]
"""Due days by source and date; the values are rows of the table that `due_days` creates."""

# Seals are append-only and rows are never removed, so a day is due if its seal counts more rows than its parts.
_DUE = """
with sealed as (
    select
        source,
        sealed_date,
        max(seal_version) as seal_version,
        arg_max(activity_count, seal_version) as activity_count,
        arg_max(day_sha256, seal_version) as day_sha256,
        arg_max(seal_sha256, seal_version) as seal_sha256,
        max(last_ingest_seq) as last_ingest_seq
    from raw.day_seals
    group by source, sealed_date
),
archived as (
    select
        source,
        activity_date as sealed_date,
        count(*) as part_count,
        sum(row_count) as row_count,
        max(last_ingest_seq) as archived_ingest_seq
    from raw.archive_files
    group by source, activity_date
),
due as (
    select
        sealed.*,
        coalesce(archived_ingest_seq, 0) as archived_ingest_seq,
        coalesce(part_count, 0) + 1 as part_number,
        activity_count - coalesce(row_count, 0) as row_count
    from sealed
    left join archived using (source, sealed_date)
    where activity_count > coalesce(row_count, 0)
)
select *, sum(row_count) over () - sum(row_count) over oldest_first as rows_after from due
window oldest_first as (order by sealed_date, source rows unbounded preceding)
qualify sum(row_count) over oldest_first - row_count < $batch_rows
"""

_WANTED = "select source, sealed_date, last_ingest_seq, null as through_removal from {due}"

_DIFFERING = """
select due.source, due.sealed_date
from {due} as due
left join {contents} as contents using (source, sealed_date, last_ingest_seq)
where
    due.activity_count is distinct from contents.activity_count
    or due.day_sha256 is distinct from contents.day_sha256
order by due.sealed_date
limit 1
"""


@contextmanager
def due_days(connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[Days, str]]:
    """Yield the oldest due days, one batch of them, and the name of the temporary table that has them.

    `rows_after` of a day: how many rows of later days are due after it.

    Raises:
        ArchiveError: a day is not as it was sealed.
    """
    with temporary(connection, "due_days", _DUE, {"batch_rows": BATCH_ROWS}) as due:
        days = _days(connection, due)
        if days:
            _check_contents(connection, due)
        yield days, due


def _days(connection: duckdb.DuckDBPyConnection, due: str) -> Days:
    return {(row["source"], row["sealed_date"]): row for row in dict_rows(connection, f"from {due}")}


def _check_contents(connection: duckdb.DuckDBPyConnection, due: str) -> None:
    with (
        temporary(connection, "wanted_days", _WANTED.format(due=due)) as wanted,
        day_contents(connection, wanted) as contents,
    ):
        differing = connection.execute(_DIFFERING.format(due=due, contents=contents)).fetchall()
    for source, day in differing:
        raise ArchiveError(day_differs_message(source, day))


def day_differs_message(source: str, day: date) -> str:
    """The message for a day that is not as it was sealed."""
    return f"{source} {day} is not as it was sealed, so it is not archived. Run `make verify` to see what differs."
