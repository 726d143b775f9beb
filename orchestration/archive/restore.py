"""Restores schema `raw` into an empty warehouse from the archive.

The file is built under a temporary name and renamed once `verify` has passed on it, so a restore that fails or is
killed leaves nothing behind. Parts that no snapshot names are ignored.
"""

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import duckdb

from orchestration.archive.check import damaged_message
from orchestration.archive.cut import cut_to_archived_days
from orchestration.archive.due import BATCH_ROWS
from orchestration.archive.errors import ArchiveError
from orchestration.archive.snapshot import COUNTS, VIEWS, Snapshot, newest_snapshot
from orchestration.archive.storage.names import require_name, require_part
from orchestration.archive.storage.parquet import file_sha256
from orchestration.archive.storage.store import Store
from orchestration.archive.write import record_snapshot
from orchestration.verification.verify import verify
from orchestration.warehouse.connection import open_warehouse, warehouse_lock

_BATCHES = f"""
select
    path,
    file_sha256,
    sum(row_count) over (order by activity_date, source, part_number) // {BATCH_ROWS} as batch_number
from raw.archive_files
order by activity_date, source, part_number
"""
_LOAD = """
insert into raw.activities by name
select * exclude (activity_date)
from read_parquet($files, hive_partitioning = true, hive_types = {'source': varchar, 'activity_date': date})
order by ingest_seq
"""


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored. `forgotten_count`: extracts that became invalid because their days were not archived."""

    activity_count: int
    file_count: int
    forgotten_count: int
    snapshot: Snapshot


def restore(path: Path, store: Store) -> Restored:
    """Restore the warehouse at `path` from the archive.

    Raises:
        ArchiveError: the archive has no snapshot, a file of it is missing or damaged, or the warehouse has rows.
        WarehouseError: the warehouse cannot be opened.
    """
    with warehouse_lock(path):
        _refuse_filled(path)
        snapshot = newest_snapshot(store)
        if snapshot is None:
            raise ArchiveError(f"{store.place} holds no archive. Check ARCHIVE_PATH.")
        with _draft(path) as draft:
            restored = _build(draft, store, snapshot)
            os.replace(draft, path)
    return restored


def _refuse_filled(path: Path) -> None:
    if not path.exists():
        return
    with open_warehouse(path) as connection:
        tables = connection.execute(
            "select table_name from duckdb_tables() where schema_name = 'raw' and table_name <> 'schema_version'"
        ).fetchall()
        for (table,) in tables:
            if connection.execute(f"select 1 from raw.{table} limit 1").fetchall():
                raise ArchiveError(
                    f"{path} is not empty: raw.{table} has rows. Move it away, or set another WAREHOUSE_PATH."
                )


def _build(draft: Path, store: Store, snapshot: Snapshot) -> Restored:
    fetching = draft.with_suffix(".files")
    with fetched(store, fetching, snapshot.files) as directory, open_warehouse(draft) as connection:
        for name in snapshot.manifest["tables"].keys() - set(VIEWS):
            _load_table(connection, name, directory / snapshot.directory / f"{name}.parquet")
    files = _load_parts(draft, store, fetching)
    with open_warehouse(draft) as connection:
        forgotten = cut_to_archived_days(connection)
        connection.execute("update raw.archive_files set dropped_at = null")
        record_snapshot(connection, snapshot, connection.execute(COUNTS).fetchall()[0])
        # Closing the file also checkpoints, but does not raise if it fails.
        connection.execute("checkpoint")
    outcome = verify(draft)
    for result in outcome.findings:
        raise ArchiveError(
            f"Verification of {store.place} failed, so nothing was restored: {result.name}: {result.first}. "
            "Restore the files from a copy of the archive."
        )
    return Restored(outcome.activity_count, files, forgotten, snapshot)


def _load_table(connection: duckdb.DuckDBPyConnection, name: str, file: Path) -> None:
    known = connection.execute(
        "select 1 from duckdb_tables() where schema_name = 'raw' and table_name = ?", [name]
    ).fetchall()
    if not known:
        raise ArchiveError(
            f"The archive has a table {name} that this version does not know. Upgrade, then run again."
        )
    connection.execute(f"insert into raw.{name} by name from read_parquet(?)", [str(file)])


def _load_parts(draft: Path, store: Store, fetching: Path) -> int:
    with open_warehouse(draft) as connection:
        parts = connection.execute(_BATCHES).fetchall()
    batches: dict[int, dict[str, str]] = {}
    for name, sha256, batch in parts:
        batches.setdefault(batch, {})[require_part(name)] = sha256
    for batch in batches.values():
        with fetched(store, fetching, batch) as directory, open_warehouse(draft) as connection:
            connection.execute(_LOAD, {"files": [str(directory / name) for name in batch]})
    return len(parts)


@contextmanager
def fetched(store: Store, directory: Path, files: Mapping[str, str]) -> Iterator[Path]:
    """Fetch the files (name: SHA-256) into the directory, check them, and delete the directory afterwards.

    Raises:
        ArchiveError: one is missing, or is not as it was written.
    """
    shutil.rmtree(directory, ignore_errors=True)
    places = {name: directory / require_name(name) for name in files}
    for place in places.values():
        place.parent.mkdir(parents=True, exist_ok=True)
    try:
        store.fetch(places)
        for name, place in places.items():
            if file_sha256(place) != files[name]:
                raise ArchiveError(damaged_message(store, name))
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def _draft(path: Path) -> Iterator[Path]:
    draft = path.with_name(f"{path.name}.restoring")
    leftovers = (draft, draft.with_name(draft.name + ".wal"))
    for left in leftovers:
        left.unlink(missing_ok=True)
    try:
        yield draft
    finally:
        for left in leftovers:
            with suppress(OSError):
                left.unlink()
