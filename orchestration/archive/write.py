"""Writes the archive: every sealed day that is not in it yet, then a snapshot of the ledger.

The warehouse is open only while files are staged next to it and while stored files are recorded, never while
waiting for the store. A run that is killed leaves parts that no snapshot names; the next run continues from there.
"""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow as pa

from orchestration.archive.continuity import forget_parts, lost_parts, next_number, read_state
from orchestration.archive.parts import Part, stage_parts
from orchestration.archive.snapshot import COUNTS, Snapshot, put_snapshot, stage_snapshot
from orchestration.archive.storage.store import Store
from orchestration.duckdb_sql import registered
from orchestration.intervals import naive_utc
from orchestration.warehouse.connection import open_warehouse
from orchestration.warehouse.leftovers import sweep_leftovers


@dataclass(frozen=True, slots=True)
class Archived:
    """What one run added to the archive, the archive's totals, and the number of its newest snapshot."""

    part_count: int
    row_count: int
    byte_count: int
    file_count: int
    all_row_count: int
    all_byte_count: int
    snapshot_number: int


def archive_days(path: Path, store: Store, read: int | None = None) -> Archived:
    """Archive the days of the warehouse at `path` that are due. Does not contact the store if there are none.

    `read`: the number of a snapshot that somebody still reads; it and what follows stay. The caller holds
    `warehouse.connection.warehouse_lock`.

    Raises:
        ArchiveError: the archive cannot be written, or belongs to another warehouse.
        WarehouseError: the warehouse cannot be opened.
    """
    with open_warehouse(path) as connection:
        state = read_state(connection)
    if not state.is_due:
        return Archived(0, 0, 0, *state.totals)
    number = next_number(store, state)
    added: list[Part] = []
    is_more = True
    if lost := lost_parts(store, state, number):
        with open_warehouse(path) as connection:
            forget_parts(connection, lost)
    with _staging(path) as directory:
        while is_more:
            with open_warehouse(path) as connection:
                parts, is_more = stage_parts(connection, directory, number)
            _put_parts(store, parts)
            added += parts
            with open_warehouse(path) as connection:
                _record_parts(connection, parts)
                if not is_more:
                    snapshot = stage_snapshot(connection, directory, number)
                    counts = connection.execute(COUNTS).fetchall()[0]
        put_snapshot(store, snapshot, directory, read)
    with open_warehouse(path) as connection:
        record_snapshot(connection, snapshot, counts)
        totals = read_state(connection).totals
    rows, size = (sum(part.row[name] for part in added) for name in ("row_count", "byte_count"))
    return Archived(len(added), rows, size, *totals)


def _put_parts(store: Store, parts: Sequence[Part]) -> None:
    """Store the files, then the manifests, and delete the staged copies."""
    store.put({part.path: part.file for part in parts})
    store.put({part.manifest_path: part.manifest for part in parts})
    for part in parts:
        part.file.unlink()
        part.manifest.unlink()


def record_snapshot(connection: duckdb.DuckDBPyConnection, snapshot: Snapshot, counts: Sequence[int]) -> None:
    """Record that the archive has the snapshot, with the result of `COUNTS` from when it was written."""
    connection.execute(
        "insert into raw.archive_snapshots (snapshot_number, manifest_sha256, file_count, seal_count, "
        "revision_count, decision_count, written_at) values (?, ?, ?, ?, ?, ?, ?)",
        [snapshot.number, snapshot.sha256, *counts, naive_utc(datetime.now(UTC))],
    )


def _record_parts(connection: duckdb.DuckDBPyConnection, parts: Sequence[Part]) -> None:
    if parts:
        with registered(connection, "rows_of_parts", pa.Table.from_pylist([part.row for part in parts])):
            connection.execute("insert into raw.archive_files by name from rows_of_parts")


@contextmanager
def _staging(path: Path) -> Iterator[Path]:
    """An empty directory next to the warehouse at `path`, deleted afterwards."""
    directory = path.with_name(f"{path.name}.archiving")
    sweep_leftovers(path)
    directory.mkdir()
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)
