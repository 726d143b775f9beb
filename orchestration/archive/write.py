"""Writing the archive: every sealed day that is not in it yet, then the ledger.

The file is open only to stage files beside it and to note what was stored, never while the store is waited for.
A run that is killed leaves parts that no snapshot names; the next run goes on from there.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow as pa

from orchestration.archive.continuity import next_number
from orchestration.archive.parts import Part, stage_parts
from orchestration.archive.snapshot import COUNTS, Snapshot, put_snapshot, stage_snapshot
from orchestration.archive.store import Store
from orchestration.warehouse.connection import open_warehouse


@dataclass(frozen=True, slots=True)
class Archived:
    """What one run added to the archive, and all that it holds now; `snapshot_number` is that of its ledger."""

    part_count: int
    row_count: int
    byte_count: int
    file_count: int
    all_row_count: int
    all_byte_count: int
    snapshot_number: int


def archive_days(path: Path, store: Store) -> Archived:
    """Archive what is due of the warehouse at `path`; the store is not asked where nothing is.

    The caller holds `warehouse.connection.exclusive`.

    Raises:
        ArchiveError: the archive cannot be written, or is that of another warehouse.
        WarehouseError: the file cannot be used.
    """
    added: list[Part] = []
    number = next_number(path, store)
    if number:
        while parts := _archive_batch(path, store, number):
            added += parts
        _archive_ledger(path, store, number)
    with open_warehouse(path) as connection:
        [total] = connection.execute(
            "select count(*), coalesce(sum(row_count), 0)::bigint, coalesce(sum(byte_count), 0)::bigint, "
            "(select coalesce(max(snapshot_number), 0) from raw.archive_snapshots) from raw.archive_files"
        ).fetchall()
    rows, size = (sum(part.row[name] for part in added) for name in ("row_count", "byte_count"))
    return Archived(len(added), rows, size, *total)


def _archive_batch(path: Path, store: Store, number: int) -> list[Part]:
    with _staging(path) as directory:
        with open_warehouse(path) as connection:
            parts = stage_parts(connection, directory, number)
        # The manifest second: what has none does not exist.
        store.put({part.path: part.file for part in parts})
        store.put({part.manifest_path: part.manifest for part in parts})
    if parts:
        with open_warehouse(path) as connection:
            _note(connection, parts)
    return parts


def _archive_ledger(path: Path, store: Store, number: int) -> None:
    with _staging(path) as directory:
        with open_warehouse(path) as connection:
            snapshot = stage_snapshot(connection, directory, number)
            counts = connection.execute(COUNTS).fetchall()[0]
        put_snapshot(store, snapshot, directory)
    with open_warehouse(path) as connection:
        note_snapshot(connection, snapshot, counts)


def note_snapshot(connection: duckdb.DuckDBPyConnection, snapshot: Snapshot, counts: Sequence[int]) -> None:
    """Note that the archive has the snapshot, with the counts of `COUNTS` when it was written."""
    connection.execute(
        "insert into raw.archive_snapshots values (?, ?, ?, ?, ?, ?)",
        [snapshot.number, snapshot.sha256, *counts, datetime.now(UTC).replace(tzinfo=None)],
    )


def _note(connection: duckdb.DuckDBPyConnection, parts: Sequence[Part]) -> None:
    rows = pa.Table.from_pylist([part.row for part in parts])
    connection.register("rows_of_parts", rows)
    connection.execute("insert into raw.archive_files by name from rows_of_parts")
    connection.unregister("rows_of_parts")


@contextmanager
def _staging(path: Path) -> Iterator[Path]:
    """An empty directory beside the warehouse; also one that a killed run left behind is emptied."""
    directory = path.with_name(f"{path.name}.archiving")
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)
