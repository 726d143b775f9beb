"""Drops archived days from the warehouse. The view `raw.stored_activities` then reads them from the archive.

A part is dropped only if a snapshot names it and its file, read again, has the recorded SHA-256.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from orchestration.archive.check import differing_files
from orchestration.archive.errors import ArchiveError
from orchestration.archive.storage.store import Store
from orchestration.duckdb_sql import transaction
from orchestration.intervals import naive_utc
from orchestration.warehouse.connection import open_warehouse, read_s3
from orchestration.warehouse.stored_view import stored_view

# Counted from each source's newest archived day, so that a source that has gone silent keeps its last days.
_OLD_PARTS = """
with dated as (
    select *, max(activity_date) over (partition by source) as newest_date from raw.archive_files
)
select path, file_sha256, row_count
from dated
where
    dropped_at is null
    and activity_date <= newest_date - $local_days::integer
    and snapshot_number <= (select max(snapshot_number) from raw.archive_snapshots)
order by path
"""

# The rows of a part are those of its day from its first to its last `ingest_seq`: a day's parts do not overlap.
_NUMBERS = """
create or replace temp table dropped as
select activities.ingest_seq, activities.source, activities.extract_id
from raw.activities
join raw.archive_files as parts
    on
        activities.source = parts.source
        and activities.created_at::date = parts.activity_date
        and activities.ingest_seq between parts.first_ingest_seq and parts.last_ingest_seq
where list_contains($paths::varchar[], parts.path)
"""


@dataclass(frozen=True, slots=True)
class Dropped:
    """What one run dropped from the warehouse."""

    part_count: int
    row_count: int


def drop_old_days(path: Path, store: Store, local_days: int) -> Dropped:
    """Drop the days that are more than `local_days` older than their source's newest archived day.

    The caller holds `warehouse.connection.warehouse_lock`.

    Raises:
        ArchiveError: a file is missing or damaged; nothing was dropped.
        WarehouseError: the warehouse cannot be opened.
    """
    with open_warehouse(path) as connection:
        parts = connection.execute(_OLD_PARTS, {"local_days": local_days}).fetchall()
    if not parts:
        return Dropped(0, 0)
    for message in differing_files(store, [(name, sha256) for name, sha256, _ in parts]):
        raise ArchiveError(f"No day was dropped. {message}")
    row_count = sum(count for *_, count in parts)
    with open_warehouse(path) as connection, transaction(connection):
        _drop(connection, store, [name for name, *_ in parts], row_count)
    return Dropped(len(parts), row_count)


def _drop(connection: duckdb.DuckDBPyConnection, store: Store, paths: Sequence[str], expected: int) -> None:
    connection.execute(_NUMBERS, {"paths": list(paths)})
    connection.execute(
        "insert into raw.dropped_extracts select source, extract_id, count(*) from dropped group by all"
    )
    [(count,)] = connection.execute(
        "delete from raw.activities where ingest_seq in (select ingest_seq from dropped)"
    ).fetchall()
    if count != expected:
        raise ArchiveError(
            f"The archive has {expected} activities of the days to drop and the warehouse {count}, so nothing was "
            "dropped. Run `make verify`."
        )
    connection.execute(
        "update raw.archive_files set dropped_at = $now where list_contains($paths::varchar[], path)",
        {"now": naive_utc(datetime.now(UTC)), "paths": list(paths)},
    )
    connection.execute("drop table dropped")
    if not store.is_local:
        read_s3(connection)
    connection.execute(stored_view(connection, store.url))
