"""The current records of the feed: an archive on disk, with added and changed records in memory on top of it.

Added records are live, late, handmade or own reads. Pages are cut here; parameters, cursors and keys are not
known here.
"""

import threading
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from local_feed.archive import SEPARATOR, Facet, Record, RenderedHistory

Key = tuple[int, str, int]
"""Position in the feed: time in microseconds, activity id, and a number that distinguishes repeated deliveries."""


@dataclass(frozen=True)
class Selection:
    """The records that a query selects: times in `[low, high)`, and a predicate on the facet (None: all)."""

    low: int
    high: int
    wants: Callable[[Facet], bool] | None = None


@dataclass
class FeedPage:
    """Records of one page in the order of the response."""

    rows: list["range | Key"] = field(default_factory=list)
    first: Key | None = None
    last: Key | None = None
    has_more: bool = False

    def backwards(self) -> "FeedPage":
        """The same records, last first."""
        rows = [run[::-1] if isinstance(run, range) else run for run in reversed(self.rows)]
        return FeedPage(rows, first=self.last, last=self.first, has_more=self.has_more)

    def __len__(self) -> int:
        return sum(len(run) if isinstance(run, range) else 1 for run in self.rows)


class Timeline:
    """All records of the feed in order of (time, id), safe to read and to add to from several threads."""

    def __init__(self, archive: RenderedHistory) -> None:
        self.archive = archive
        self._keys: list[Key] = []
        self._added: dict[Key, Record] = {}
        self._changed: dict[int, bytes] = {}
        self._changed_rows: list[int] = []
        self._serial = 0
        self._lock = threading.RLock()

    def __len__(self) -> int:
        return len(self.archive) + len(self._keys)

    def add(self, record: Record) -> None:
        """Add a record at its position. The same id may be added again, as a second delivery."""
        with self._lock:
            self._serial += 1
            key = (record.at, record.activity_id, self._serial)
            insort(self._keys, key)
            self._added[key] = record

    def replace(self, activity_id: str, text: bytes, at: int) -> None:
        """Replace the bytes of the record `activity_id` of time `at`.

        Raises:
            KeyError: there is no such record.
        """
        with self._lock:
            for key in self._keys[bisect_left(self._keys, (at, activity_id, 0)) :]:
                if key[:2] != (at, activity_id):
                    break
                self._added[key] = self._added[key]._replace(text=text)
                return
            row = self.archive.first_row_below((at, activity_id, 1))
            if row >= len(self.archive) or self.archive.record(row)[:2] != (at, activity_id):
                raise KeyError(activity_id)
            if row not in self._changed:
                insort(self._changed_rows, row)
            self._changed[row] = text

    def page(
        self, selection: Selection, limit: int, *, start: Key | None = None, descending: bool = True
    ) -> FeedPage:
        """Up to `limit` records after `start` (exclusive) in the given direction."""
        with self._lock:
            page, left = FeedPage(), limit
            for run in self._wanted(selection, start, descending):
                if left == 0:
                    page.has_more = True
                    break
                if isinstance(run, range) and len(run) > left:
                    page.rows.append(run[:left])
                    page.has_more = True
                    break
                page.rows.append(run)
                left -= len(run) if isinstance(run, range) else 1
            if page.rows:
                page.first = self._key(page.rows[0], 0)
                page.last = self._key(page.rows[-1], -1)
            return page

    def texts(self, page: FeedPage) -> list[bytes | memoryview]:
        """The page's bytes as pieces, to be joined by the separator. A piece may have many records."""
        with self._lock:
            return [piece for run in page.rows for piece in self._pieces(run)]

    def records(self) -> Iterator[Record]:
        """All records, newest first, with their current bytes."""
        everything = self.page(Selection(-(2**62), 2**62), len(self) + 1)
        for run in everything.rows:
            for key in run if isinstance(run, range) else [run]:
                yield self.at(key)

    def at(self, row: int | Key) -> Record:
        """One record by archive row or by key."""
        with self._lock:
            if isinstance(row, tuple):
                return self._added[row]
            record = self.archive.record(row)
            return record._replace(text=self._changed.get(row, record.text))

    def _pieces(self, run: "range | Key") -> Iterator[bytes | memoryview]:
        if isinstance(run, tuple):
            yield self._added[run].text
        elif run.step != 1:
            yield from (self._changed.get(row) or self.archive.span(row, row + 1) for row in run)
        else:
            begin = run.start
            rows = self._changed_rows
            for row in rows[bisect_left(rows, run.start) : bisect_left(rows, run.stop)]:
                if begin < row:
                    yield self.archive.span(begin, row)
                yield self._changed[row]
                begin = row + 1
            if begin < run.stop:
                yield self.archive.span(begin, run.stop)

    def _key(self, run: "range | Key", index: int) -> Key:
        if isinstance(run, tuple):
            return run
        record = self.archive.record(run[index])
        return (record.at, record.activity_id, 0)

    def _wanted(self, selection: Selection, start: Key | None, descending: bool) -> Iterator["range | Key"]:
        runs = self._runs(selection, start, descending)
        if selection.wants is None:
            yield from runs
            return
        wanted = {n for n, facet in enumerate(self.archive.facet_table) if selection.wants(facet)}
        facets = self.archive.facets
        for run in runs:
            if isinstance(run, range):
                yield from (range(row, row + 1) for row in run if facets[row] in wanted)
            elif selection.wants(self._added[run].facet):
                yield run

    def _runs(self, selection: Selection, start: Key | None, descending: bool) -> Iterator["range | Key"]:
        top = self.archive.first_row_before(selection.high)
        bottom = self.archive.first_row_before(selection.low)
        low = bisect_left(self._keys, (selection.low,))
        high = bisect_left(self._keys, (selection.high,))
        if start is not None and descending:
            top = max(top, self.archive.first_row_below(start))
            high = min(high, bisect_left(self._keys, start))
        elif start is not None:
            # `start` itself is excluded: rows strictly below (time, id, 1) are at it or below it.
            bottom = min(bottom, self.archive.first_row_below((*start[:2], start[2] or 1)))
            low = max(low, bisect_right(self._keys, start))
        added = self._keys[low:high]
        if descending:
            yield from self._downwards(top, bottom, added)
        else:
            yield from self._upwards(top, bottom, added)

    def _downwards(self, top: int, bottom: int, added: list[Key]) -> Iterator["range | Key"]:
        for key in reversed(added):
            cut = min(bottom, self.archive.first_row_below(key))
            if top < cut:
                yield range(top, cut)
                top = cut
            yield key
        if top < bottom:
            yield range(top, bottom)

    def _upwards(self, top: int, bottom: int, added: list[Key]) -> Iterator["range | Key"]:
        for key in added:
            cut = max(top, self.archive.first_row_below(key))
            if cut < bottom:
                yield range(bottom - 1, cut - 1, -1)
                bottom = cut
            yield key
        if top < bottom:
            yield range(bottom - 1, top - 1, -1)


def join(pieces: list[bytes | memoryview]) -> bytes:
    """Join the pieces of a page to the inside of a JSON array."""
    return SEPARATOR.join(pieces)
