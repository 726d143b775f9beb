"""Whether the archive still is what was written: every file read again, and its SHA-256 compared."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from orchestration.archive.errors import ArchiveError
from orchestration.archive.store import Store
from orchestration.evidence.verify import VerificationResult
from orchestration.warehouse.connection import open_warehouse


def differing_files(store: Store, files: Iterable[tuple[str, str]]) -> Iterator[str]:
    """A sentence on each file, given as name and SHA-256, that is missing or is another."""
    for name, sha256 in files:
        try:
            if store.sha256(name) != sha256:
                yield damaged(store, name)
        except ArchiveError as error:
            yield str(error)


def damaged(store: Store, name: str) -> str:
    """The sentence on a file that is not as it was written."""
    return (
        f"{name} in {store.place} is damaged: its SHA-256 is not the one noted when it was written. Bring "
        "the file back from a copy of the archive."
    )


def check_files(path: Path, store: Store) -> VerificationResult:
    """Read every file that the warehouse at `path` knows the archive to have; the file is not open meanwhile.

    Raises:
        WarehouseError: the file cannot be used.
    """
    began = time.monotonic()
    with open_warehouse(path, read_only=True) as connection:
        files = connection.execute("select path, file_sha256 from raw.archive_files order by path").fetchall()
    differing = list(differing_files(store, files))
    return VerificationResult(
        table="archive_files",
        name="archived_files_hold",
        checked_count=len(files),
        finding_count=len(differing),
        first=differing[0] if differing else None,
        seconds=time.monotonic() - began,
    )
