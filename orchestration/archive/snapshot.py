"""Snapshots of the ledger: the other tables of schema `raw` in full, and the list of parts.

The manifest is written last: a snapshot without one does not exist. Snapshots are numbered; the newest is valid.
"""

import hashlib
import logging
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import orjson

from orchestration import __version__
from orchestration.archive.errors import ArchiveError
from orchestration.archive.parts import FORMAT_VERSION
from orchestration.archive.storage.parquet import write_query
from orchestration.archive.storage.store import Store
from orchestration.warehouse.schema import SCHEMA_VERSION

# The activities are in parts; the others describe the curated tables, or only this file.
_EXCLUDED_TABLES = (
    "activities", "archive_snapshots", "builds", "dbt_runs", "dropped_extracts", "schema_version",
)  # fmt: skip
# Views that are exported for other engines that read the archive. They are not restored.
VIEWS = ("coverage",)
# Someone who reads the previous snapshot can finish until the next one is written.
_KEPT = 2
_MANIFEST_NAME = "manifest.json"
_MANIFEST = re.compile(r"ledger/(\d{8,18})/manifest\.json")
_TABLE = re.compile(r"[a-z][a-z0-9_]*")

# The last snapshot that the warehouse wrote.
LAST_SNAPSHOT = """
select snapshot_number, manifest_sha256, file_count, seal_count, revision_count, decision_count
from raw.archive_snapshots
order by snapshot_number desc limit 1
"""

log = logging.getLogger(__name__)

_TABLES = """
select table_name from duckdb_tables()
where schema_name = 'raw' and list_position($excluded, table_name) is null
order by table_name
"""

COUNTS = """
select
    (select count(*) from raw.archive_files) as file_count,
    (select count(*) from raw.day_seals) as seal_count,
    (select count(*) from raw.activity_revisions) as revision_count,
    (select count(*) from raw.finding_decisions) as decision_count
"""

_TIPS = """
select source, max(seal_number), arg_max(seal_sha256, seal_number)
from raw.day_seals group by source order by source
"""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A snapshot. `manifest`: the content of its manifest file; `sha256`: the hash (hex) of that file."""

    number: int
    manifest: dict[str, Any]
    sha256: str

    @property
    def directory(self) -> str:
        """The directory of its files in the archive."""
        return f"ledger/{self.number:08}"

    @property
    def files(self) -> dict[str, str]:
        """SHA-256 (hex) of each of its files, by name in the archive."""
        return {
            f"{self.directory}/{name}.parquet": table["file_sha256"]
            for name, table in self.manifest["tables"].items()
        }


def manifest_name(number: int) -> str:
    """The name of a snapshot's manifest in the archive."""
    return f"ledger/{number:08}/{_MANIFEST_NAME}"


def newest_number(store: Store) -> int:
    """The number of the newest snapshot of the archive; 0 where it has none.

    Raises:
        ArchiveError: the archive cannot be read.
    """
    numbers = [int(found[1]) for name in store.sizes("ledger") if (found := _MANIFEST.fullmatch(name))]
    return max(numbers, default=0)


def newest_snapshot(store: Store) -> Snapshot | None:
    """The newest snapshot of the archive; None where it has none.

    Raises:
        ArchiveError: the archive cannot be read, or a newer version of the product wrote it.
    """
    number = newest_number(store)
    return read_snapshot(store, number) if number else None


def read_snapshot(store: Store, number: int) -> Snapshot:
    """Read a snapshot. Its manifest is untrusted: it names tables, never files.

    Raises:
        ArchiveError: it cannot be read, names anything but tables, or is of a newer version of the product.
    """
    name = manifest_name(number)
    content = store.read(name)
    try:
        manifest = orjson.loads(content)
        is_newer = manifest["format_version"] > FORMAT_VERSION or manifest["schema_version"] > SCHEMA_VERSION
        is_valid = all(
            _TABLE.fullmatch(name) and table["file_sha256"] for name, table in manifest["tables"].items()
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        is_newer = is_valid = False
    if is_newer:
        raise ArchiveError(
            f"{store.place} was written by a newer version of this product. Upgrade, then run again."
        )
    if not is_valid:
        raise ArchiveError(f"{name} in {store.place} is damaged. Restore it from a copy.")
    return Snapshot(number, manifest, hashlib.sha256(content).hexdigest())


def stage_snapshot(connection: duckdb.DuckDBPyConnection, directory: Path, number: int) -> Snapshot:
    """Write the files of a snapshot into the directory, under their names in the snapshot's directory."""
    tables = connection.execute(_TABLES, {"excluded": list(_EXCLUDED_TABLES)}).fetchall()
    [(part_count, row_count)] = connection.execute(
        "select count(*), coalesce(sum(row_count), 0)::bigint from raw.archive_files"
    ).fetchall()
    manifest = {
        "format_version": FORMAT_VERSION,
        "snapshot_number": number,
        "schema_version": SCHEMA_VERSION,
        "product_version": __version__,
        "written_at": datetime.now(UTC).isoformat(),
        "activities": {"part_count": part_count, "row_count": row_count},
        "seals": {
            source: {"seal_number": seal_number, "seal_sha256": seal_sha256}
            for source, seal_number, seal_sha256 in connection.execute(_TIPS).fetchall()
        },
        "tables": {
            table: write_query(connection, f"from raw.{table} order by all", directory / f"{table}.parquet")
            for table in (*(name for (name,) in tables), *VIEWS)
        },
    }
    content = orjson.dumps(manifest, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    (directory / _MANIFEST_NAME).write_bytes(content)
    return Snapshot(number, manifest, hashlib.sha256(content).hexdigest())


def put_snapshot(store: Store, snapshot: Snapshot, directory: Path, read: int | None = None) -> None:
    """Store the staged files, the manifest last, and delete snapshots older than the previous one.

    `read`: the number of a snapshot that somebody still reads; it and what follows stay.

    Raises:
        ArchiveError: a file cannot be stored.
    """
    names = [f"{table}.parquet" for table in snapshot.manifest["tables"]]
    store.put({f"{snapshot.directory}/{name}": directory / name for name in names})
    store.put({manifest_name(snapshot.number): directory / _MANIFEST_NAME})
    kept = snapshot.number - _KEPT + 1
    oldest = f"ledger/{max(min(kept, read or kept), 0):08}/"
    replaced = [name for name in store.sizes("ledger") if name < oldest]
    try:
        # Manifests first: a snapshot without one does not exist.
        store.delete(sorted(replaced, key=lambda name: not name.endswith(_MANIFEST_NAME)))
    except ArchiveError as error:
        # Some stores do not allow deletion; old snapshots do no harm.
        log.warning("Cannot delete an old snapshot of the ledger: %s", error)
