"""Whether the archive is the one that this warehouse has been written to, and which snapshot is due."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from orchestration.archive.errors import ArchiveError
from orchestration.archive.snapshot import COUNTS, LAST_SNAPSHOT, Snapshot, newest_snapshot
from orchestration.archive.store import Store

_FILES = "select snapshot_number, path, row_count, byte_count from raw.archive_files"


@dataclass(frozen=True, slots=True)
class State:
    """What the warehouse knows of its archive: `last` is None before the first snapshot, `files` are the parts."""

    last: tuple[int, str] | None
    is_due: bool
    files: list[tuple[int, str, int, int]]
    seals: set[str]

    @property
    def totals(self) -> tuple[int, int, int, int]:
        """How many files the archive has, their rows and bytes, and the number of its last snapshot."""
        rows, sizes = (sum(file[column] for file in self.files) for column in (2, 3))
        return len(self.files), rows, sizes, self.last[0] if self.last else 0


def read_state(connection: duckdb.DuckDBPyConnection) -> State:
    """What the warehouse knows. A snapshot is due where something was sealed or revised since the last one."""
    last = next(iter(connection.execute(LAST_SNAPSHOT).fetchall()), None)
    counts = connection.execute(COUNTS).fetchall()[0]
    seals = {seal for (seal,) in connection.execute("select seal_sha256 from raw.day_seals").fetchall()}
    is_due = bool(seals) and (last is None or last[2:] != counts)
    return State(last and last[:2], is_due, connection.execute(_FILES).fetchall(), seals)


def next_number(store: Store, state: State) -> int:
    """The number of the snapshot that is due.

    Raises:
        ArchiveError: the store holds another archive, or none where there was one.
    """
    newest = newest_snapshot(store)
    if state.last and (newest is None or newest.number < state.last[0]):
        raise ArchiveError(
            f"{store.place} does not hold the archive that this warehouse was written to: snapshot "
            f"{state.last[0]} is missing. Bring the archive there, or correct ARCHIVE_PATH."
        )
    if newest is None:
        return 1
    if not _is_ours(newest, state):
        raise ArchiveError(
            f"{store.place} holds the archive of another warehouse, of a newer copy of this one, or of this one "
            "before records were removed. Name another ARCHIVE_PATH, or restore from this one into an empty file."
        )
    return newest.number + 1


def _is_ours(newest: Snapshot, state: State) -> bool:
    """The warehouse has every seal of the snapshot, and noted every part: nobody else has written since."""
    seals = {seal["seal_sha256"] for seal in newest.told["seals"].values()}
    noted = sum(number <= newest.number for number, *_ in state.files)
    is_same = not state.last or state.last[0] != newest.number or state.last[1] == newest.sha256
    return is_same and seals <= state.seals and noted == newest.told["activities"]["part_count"]


def lost_parts(store: Store, state: State, number: int) -> list[str]:
    """Parts that are not named by a snapshot yet, for a run was killed, and that the store does not have.

    Raises:
        ArchiveError: the store cannot be read.
    """
    unnamed = {path: size for noted, path, _, size in state.files if noted >= number}
    if not unnamed:
        return []
    sizes = store.sizes("activities")
    return [path for path, size in unnamed.items() if sizes.get(path) != size]


def forget_parts(connection: duckdb.DuckDBPyConnection, paths: list[str]) -> None:
    """Make the rows of these parts due again."""
    connection.execute(
        "delete from raw.archive_files where list_contains($paths::varchar[], path)", {"paths": paths}
    )
