"""Whether the archive is the one that this warehouse has been written to, and which snapshot is due."""

from __future__ import annotations

from pathlib import Path

from orchestration.archive.errors import ArchiveError
from orchestration.archive.snapshot import COUNTS, Snapshot, newest_snapshot
from orchestration.archive.store import Store
from orchestration.warehouse.connection import open_warehouse

_LAST = """
select snapshot_number, manifest_sha256, file_count, seal_count, revision_count from raw.archive_snapshots
order by snapshot_number desc limit 1
"""
_UNKNOWN_SEALS = """
select count(*) from (select unnest($seals::varchar[]) as seal_sha256) anti join raw.day_seals using (seal_sha256)
"""


def next_number(path: Path, store: Store) -> int | None:
    """The number of the snapshot that is due; None where nothing was sealed or revised since the last one.

    Raises:
        ArchiveError: the store holds another archive, or none where there was one.
    """
    with open_warehouse(path) as connection:
        last = next(iter(connection.execute(_LAST).fetchall()), None)
        counts = connection.execute(COUNTS).fetchall()[0]
    if not counts[1] or (last and last[2:] == counts):
        return None
    newest = newest_snapshot(store)
    if last and (newest is None or newest.number < last[0]):
        raise ArchiveError(
            f"{store.place} does not hold the archive that this warehouse was written to: snapshot {last[0]} is "
            "missing. Bring the archive there, or correct ARCHIVE_PATH."
        )
    number = newest.number if newest else 0
    if newest:
        _check_owner(path, store, newest, last[1] if last and last[0] == number else None)
    _forget_lost_parts(path, store, number)
    return number + 1


def _check_owner(path: Path, store: Store, newest: Snapshot, noted_sha256: str | None) -> None:
    """The warehouse has every seal of the snapshot, and noted every part: nobody else has written since."""
    seals = [seal["seal_sha256"] for seal in newest.told["seals"].values()]
    with open_warehouse(path) as connection:
        [(unknown,)] = connection.execute(_UNKNOWN_SEALS, {"seals": seals}).fetchall()
        [(noted,)] = connection.execute(
            "select count(*) from raw.archive_files where snapshot_number <= ?", [newest.number]
        ).fetchall()
    is_same = noted_sha256 in (None, newest.sha256)
    if unknown or noted != newest.told["activities"]["part_count"] or not is_same:
        raise ArchiveError(
            f"{store.place} holds the archive of another warehouse, or of a newer copy of this one. Name another "
            "ARCHIVE_PATH, or restore from this one into an empty file."
        )


def _forget_lost_parts(path: Path, store: Store, number: int) -> None:
    """Parts that a run stored before it was killed count if they are there; else their days are due again."""
    with open_warehouse(path) as connection:
        noted = connection.execute(
            "select path, byte_count from raw.archive_files where snapshot_number > ?", [number]
        ).fetchall()
    if not noted:
        return
    sizes = store.sizes("activities")
    lost = [name for name, size in noted if sizes.get(name) != size]
    with open_warehouse(path) as connection:
        connection.execute("delete from raw.archive_files where list_contains(?::varchar[], path)", [lost])
        # Those that are there are named by the snapshot to come.
        connection.execute(
            "update raw.archive_files set snapshot_number = $next where snapshot_number >= $next",
            {"next": number + 1},
        )
