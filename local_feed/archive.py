"""A rendered history on disk: records newest first in one file, and a compact index beside it.

Writing takes one pass and is atomic (a directory that is renamed into place). Reading uses mmap, so memory does
not grow with the number of records. Content of records and selection by queries are not here.
"""

import array
import contextlib
import json
import mmap
import os
import shutil
import tempfile
from bisect import bisect_left
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import msgspec

from local_feed.instants import to_micros

SEPARATOR = b","
_PARTS = ("records", "times", "offsets", "facets")


class Facet(NamedTuple):
    """The fields of a record that filters use."""

    activity_type: str | None = None
    organization_id: str | None = None
    organization_uuid: str | None = None
    user_id: str | None = None


class Record(NamedTuple):
    """One activity: its time (microseconds since 1970, UTC), id, facet and exact bytes."""

    at: int
    activity_id: str
    facet: Facet
    text: bytes


class _Actor(msgspec.Struct):
    user_id: str | None = None


class _Envelope(msgspec.Struct):
    id: str
    created_at: str
    type: str | None = None
    organization_id: str | None = None
    organization_uuid: str | None = None
    actor: _Actor | None = None


_decoder = msgspec.json.Decoder(_Envelope)


def read_record(text: bytes) -> Record:
    """Parse a record's bytes.

    Raises:
        ValueError: it has no readable id or time.
    """
    envelope = _decoder.decode(text)
    user_id = envelope.actor.user_id if envelope.actor else None
    facet = Facet(envelope.type, envelope.organization_id, envelope.organization_uuid, user_id)
    return Record(to_micros(envelope.created_at), envelope.id, facet, text)


def write_archive(path: Path, batches: Iterable[list[Record]]) -> None:
    """Write batches of records, newest first, as an archive at `path`, or leave nothing behind."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
    try:
        _write_parts(draft, batches)
        # Two processes may render the same history at once. The first one wins; the results are equal.
        with contextlib.suppress(OSError):
            os.rename(draft, path)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    if not path.is_dir():
        raise OSError(f"cannot put the rendered history at {path}")


def _write_parts(draft: Path, batches: Iterable[list[Record]]) -> None:
    numbers: dict[Facet, int] = {}
    position = 0
    with contextlib.ExitStack() as stack:
        files = {part: stack.enter_context(open(draft / part, "wb")) for part in _PARTS}
        for batch in batches:
            files["times"].write(array.array("q", [record[0] for record in batch]))
            files["facets"].write(array.array("I", [numbers.setdefault(r[2], len(numbers)) for r in batch]))
            offsets = array.array("Q")
            for record in batch:
                offsets.append(position)
                position += len(record[3]) + len(SEPARATOR)
            files["offsets"].write(offsets)
            files["records"].writelines(record[3] + SEPARATOR for record in batch)
        files["offsets"].write(array.array("Q", [position]))
    (draft / "facet_table").write_text(json.dumps(list(numbers)), encoding="utf-8")


def _map(path: Path) -> memoryview:
    with open(path, "rb") as file:
        # An empty file cannot be mapped.
        if os.fstat(file.fileno()).st_size == 0:
            return memoryview(b"")
        return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))


class RenderedHistory:
    """Read access to a rendered history. Row 0 is the newest. Without a path it is empty."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        if path is None:
            self._data = memoryview(b"")
            self.times = memoryview(array.array("q"))
            self._offsets = memoryview(array.array("Q", [0]))
            self.facets = memoryview(array.array("I"))
            self.facet_table: list[Facet] = []
            return
        self._data = _map(path / "records")
        self.times = _map(path / "times").cast("q")
        self._offsets = _map(path / "offsets").cast("Q")
        self.facets = _map(path / "facets").cast("I")
        table = json.loads((path / "facet_table").read_text(encoding="utf-8"))
        self.facet_table = [Facet(*row) for row in table]

    def __len__(self) -> int:
        return len(self.times)

    def span(self, first: int, end: int) -> memoryview:
        """The bytes of rows `first` to `end` (exclusive, at least one), with the separators between them."""
        return self._data[self._offsets[first] : self._offsets[end] - len(SEPARATOR)]

    def record(self, row: int) -> Record:
        """One row, parsed."""
        return read_record(bytes(self.span(row, row + 1)))

    def first_row_before(self, at: int) -> int:
        """The first (newest) row whose time is earlier than `at`."""
        return bisect_left(self.times, 1 - at, key=int.__neg__)

    def first_row_below(self, key: tuple[int, str, int]) -> int:
        """The first row whose position (time, id, 0) is below `key`."""
        row = self.first_row_before(key[0] + 1)
        while row < len(self) and self.times[row] == key[0] and (self.record(row).activity_id, 0) >= key[1:]:
            row += 1
        return row
