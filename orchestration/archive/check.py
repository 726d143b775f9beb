"""Verification of the archive: reads every file again and compares its SHA-256."""

import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import orjson

from orchestration.archive.errors import ArchiveError
from orchestration.archive.snapshot import LAST_SNAPSHOT, manifest_name, newest_number, read_snapshot
from orchestration.archive.storage.names import part_manifest
from orchestration.archive.storage.store import Store
from orchestration.verification.verify import VerificationResult
from orchestration.warehouse.connection import open_warehouse


def differing_files(store: Store, files: Iterable[tuple[str, str]]) -> Iterator[str]:
    """A message for each of the files (name, SHA-256) that is missing or differs."""
    for name, sha256 in files:
        try:
            if store.sha256(name) != sha256:
                yield damaged_message(store, name)
        except ArchiveError as error:
            yield str(error)


def _differing_manifests(store: Store, parts: Iterable[tuple[str, str]]) -> Iterator[str]:
    """A message for each part whose manifest is missing or does not describe the part."""
    for name, sha256 in parts:
        try:
            manifest = part_manifest(name)
            facts = orjson.loads(store.read(manifest))
            if not isinstance(facts, dict) or (facts.get("path"), facts.get("file_sha256")) != (name, sha256):
                yield damaged_message(store, manifest)
        except orjson.JSONDecodeError:
            yield damaged_message(store, manifest)
        except ArchiveError as error:
            yield str(error)


def damaged_message(store: Store, name: str) -> str:
    """The message for a file that is not as it was written."""
    return (
        f"{name} in {store.place} is damaged: its SHA-256 is not the one recorded when it was written. Restore "
        "the file from a copy of the archive."
    )


def check_archive(path: Path, store: Store) -> list[VerificationResult]:
    """Verify all archived days and the ledger's newest snapshot against the records of the warehouse at `path`.

    Raises:
        WarehouseError: the warehouse cannot be opened.
    """
    return [check_files(path, store), check_snapshot(path, store)]


def check_snapshot(path: Path, store: Store) -> VerificationResult:
    """Verify the newest snapshot of the ledger, with every file that it names.

    Raises:
        WarehouseError: the warehouse cannot be opened.
    """
    began = time.monotonic()
    with open_warehouse(path, read_only=True) as connection:
        last = next(iter(connection.execute(LAST_SNAPSHOT).fetchall()), None)
    checked_count, differing = _differing_snapshot(store, *last[:2]) if last else (0, [])
    return VerificationResult(
        table="archive_snapshots",
        name="archived_ledger_holds",
        checked_count=checked_count,
        finding_count=len(differing),
        first=differing[0] if differing else None,
        seconds=time.monotonic() - began,
    )


def _differing_snapshot(store: Store, number: int, sha256: str) -> tuple[int, list[str]]:
    """The number of files of the snapshot, and a message for each that is missing or differs.

    A run that was killed may have written the next snapshot without recording it.
    """
    try:
        newest = newest_number(store)
        differing = list(differing_files(store, [(manifest_name(number), sha256)]))
        files = {} if differing else read_snapshot(store, number).files
        if newest == number + 1:
            files |= read_snapshot(store, newest).files
    except ArchiveError as error:
        return 1, [str(error)]
    if newest > number + 1:
        differing.append(f"{store.place} has a snapshot {newest} of the ledger that this warehouse did not write.")
    return 1 + len(files), [*differing, *differing_files(store, files.items())]


def check_files(path: Path, store: Store) -> VerificationResult:
    """Verify every archived file that the warehouse at `path` has a record of. Closes the warehouse first.

    Raises:
        WarehouseError: the warehouse cannot be opened.
    """
    began = time.monotonic()
    with open_warehouse(path, read_only=True) as connection:
        files = connection.execute("select path, file_sha256 from raw.archive_files order by path").fetchall()
    differing = [*differing_files(store, files), *_differing_manifests(store, files)]
    return VerificationResult(
        table="archive_files",
        name="archived_files_hold",
        checked_count=len(files),
        finding_count=len(differing),
        first=differing[0] if differing else None,
        seconds=time.monotonic() - began,
    )
