"""Checks that a store holds the archive of this warehouse, and decides which snapshot is due."""

from dataclasses import dataclass

import duckdb

from orchestration.archive.errors import ArchiveError
from orchestration.archive.snapshot import COUNTS, LAST_SNAPSHOT, Snapshot, newest_snapshot
from orchestration.archive.storage.store import Store

_FILES = "select snapshot_number, path, row_count, byte_count from raw.archive_files"


@dataclass(frozen=True, slots=True)
class State:
    """The warehouse's record of its archive.

    `last`: number and SHA-256 of the last snapshot, None before the first. `files`: snapshot number, path, row
    count and size in bytes of each part.
    """

    last: tuple[int, str] | None
    is_due: bool
    files: list[tuple[int, str, int, int]]
    seals: set[str]

    @property
    def totals(self) -> tuple[int, int, int, int]:
        """Files in the archive, their rows and bytes, and the number of its last snapshot."""
        rows, sizes = (sum(file[column] for file in self.files) for column in (2, 3))
        return len(self.files), rows, sizes, self.last[0] if self.last else 0


def read_state(connection: duckdb.DuckDBPyConnection) -> State:
    """Read the state. A snapshot is due if anything was sealed, revised or decided since."""
    last = next(iter(connection.execute(LAST_SNAPSHOT).fetchall()), None)
    counts = connection.execute(COUNTS).fetchall()[0]
    seals = {seal for (seal,) in connection.execute("select seal_sha256 from raw.day_seals").fetchall()}
    is_due = bool(seals) and (last is None or last[2:] != counts)
    return State(last and last[:2], is_due, connection.execute(_FILES).fetchall(), seals)


def next_number(store: Store, state: State) -> int:
    """The number of the snapshot that is due.

    Raises:
        ArchiveError: the store holds another archive, or its archive is missing.
    """
    newest = newest_snapshot(store)
    if state.last and (newest is None or newest.number < state.last[0]):
        raise ArchiveError(
            f"{store.place} does not hold the archive of this warehouse: snapshot {state.last[0]} is missing. "
            "Move the archive there, or correct ARCHIVE_PATH."
        )
    if newest is None:
        return 1
    if not _is_same_archive(newest, state):
        raise ArchiveError(
            f"{store.place} holds the archive of another warehouse, of a newer copy of this one, or of this one "
            "before records were removed. Set another ARCHIVE_PATH, or restore from this one into an empty file."
        )
    return newest.number + 1


def _is_same_archive(newest: Snapshot, state: State) -> bool:
    """Whether the warehouse has all seals and parts of the snapshot, so that no other one has written since."""
    seals = {seal["seal_sha256"] for seal in newest.manifest["seals"].values()}
    recorded = sum(number <= newest.number for number, *_ in state.files)
    is_same = not state.last or state.last[0] != newest.number or state.last[1] == newest.sha256
    return is_same and seals <= state.seals and recorded == newest.manifest["activities"]["part_count"]


def lost_parts(store: Store, state: State, number: int) -> list[str]:
    """Parts that a killed run recorded, that no snapshot names yet, and that the store does not have.

    Raises:
        ArchiveError: the store cannot be read.
    """
    unnamed = {path: size for recorded, path, _, size in state.files if recorded >= number}
    if not unnamed:
        return []
    sizes = store.sizes("activities")
    return [path for path, size in unnamed.items() if sizes.get(path) != size]


def forget_parts(connection: duckdb.DuckDBPyConnection, paths: list[str]) -> None:
    """Delete the records of these parts, so that their rows are due again."""
    connection.execute(
        "delete from raw.archive_files where list_contains($paths::varchar[], path)", {"paths": paths}
    )
