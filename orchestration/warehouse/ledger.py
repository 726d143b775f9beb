"""`raw.extracts`, the ledger: one row per walk, written in the transaction that stores the walk's records.

Coverage, the union of complete slices, is the view `raw.coverage` of it; there is no other state.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Literal, Protocol
from uuid import uuid4

import duckdb
import orjson
import pyarrow as pa

from orchestration import __version__
from orchestration.intervals import Interval, Slice, gaps
from orchestration.landing.records import Records
from orchestration.warehouse.errors import WarehouseError
from orchestration.warehouse.schema import ASKED_FOR_ALL

_COUNTS_AND_NAMES = (
    "extract_id", "source", "status", "page_count", "received_count", "inserted_count", "duplicate_count",
    "revision_count", "late_count", "first_cursor", "last_cursor", "last_request_id", "content_sha256",
    "dagster_run_id", "error", "feed_host",
)  # fmt: skip

STUCK = (
    "A minute is the smallest slice: what was read of it is stored, but nothing proves it complete. It is read "
    "again; larger pages (FEED_PAGE_SIZE) need fewer requests."
)

_COVERAGE = "select covered_from, covered_to from raw.coverage where source = $source order by covered_from"

# Stretches that some walk failed to prove, each with what has been proven of it since it failed last. A slice lies
# within a day, so that only walks of the same day meet: over a long ledger ranges alone would cost seconds.
_FAILED = f"""
with failed as (
    select
        slice_start,
        slice_end,
        max(started_at) as started_at,
        arg_max(error, started_at) as error,
        max(page_count) as page_count
    from raw.extracts
    where source = $source and status <> 'complete' and {ASKED_FOR_ALL}
    group by slice_start, slice_end
),
complete as (
    select slice_start, slice_end, started_at
    from raw.extracts
    where source = $source and status = 'complete' and {ASKED_FOR_ALL}
)
select
    failed.slice_start,
    failed.slice_end,
    any_value(failed.error) as error,
    any_value(failed.page_count) as page_count,
    list([complete.slice_start, complete.slice_end]) filter (complete.slice_start is not null) as proven
from failed
left join complete
    on
        failed.slice_start::date = complete.slice_start::date
        and failed.slice_start < complete.slice_end
        and failed.slice_end > complete.slice_start
        and failed.started_at < complete.started_at
group by failed.slice_start, failed.slice_end
order by failed.slice_start
"""


class Receipt(Protocol):
    """One answered request."""

    @property
    def request_id(self) -> str: ...
    @property
    def status_code(self) -> int: ...
    @property
    def requested_at(self) -> datetime: ...


@dataclass(slots=True, kw_only=True)
class Walk:
    """One walk of one slice: its ledger row in the making, as far as its chunks have been landed.

    `outside_count`: activities whose time is not in the slice that was asked for. They are stored like all others.
    """

    source: str
    piece: Slice
    query: Mapping[str, str | list[str]]
    feed_host: str
    dagster_run_id: str | None
    extract_id: str = field(default_factory=lambda: uuid4().hex)
    status: Literal["open", "complete", "failed"] = "open"
    page_count: int = 0
    received_count: int = 0
    inserted_count: int = 0
    duplicate_count: int = 0
    revision_count: int = 0
    late_count: int = 0
    outside_count: int = 0
    first_cursor: str | None = None
    last_cursor: str | None = None
    last_request_id: str | None = None
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    finished_at: datetime | None = None
    error: str | None = None
    newest: datetime | None = None
    _content: Any = field(default_factory=hashlib.sha256)

    def absorb(self, chunk: Chunk) -> None:
        """The chunk has been stored, in this order: bring the row up to date with it."""
        self.page_count += chunk.page_count
        self.received_count += len(chunk.records)
        self._content.update(chunk.records.hashes)
        self.first_cursor = self.first_cursor or chunk.first_cursor
        self.last_cursor = chunk.last_cursor or self.last_cursor
        if chunk.receipts:
            self.last_request_id = chunk.receipts[-1].request_id
        if chunk.outcome:
            self.status, self.error = chunk.outcome, chunk.error
            self.finished_at = datetime.now(UTC)

    def count(
        self, inserted: int, duplicate: int, revision: int, late: int, outside: int, newest: datetime | None
    ) -> None:
        """Add what landing one batch found."""
        self.inserted_count += inserted
        self.duplicate_count += duplicate
        self.revision_count += revision
        self.late_count += late
        self.outside_count += outside
        self.newest = max(filter(None, (self.newest, newest)), default=None)

    @property
    def content_sha256(self) -> str:
        """SHA-256 over the hex hashes of the walk's records, joined in feed order."""
        return self._content.hexdigest()


@dataclass(slots=True)
class Chunk:
    """Consecutive pages of one walk as they were received, ready to be landed.

    `outcome` is set on the last chunk of a walk alone, so that the ledger can say `complete` only together with
    the walk's last record.
    """

    walk: Walk
    records: Records = field(default_factory=Records)
    receipts: list[Receipt] = field(default_factory=list)
    page_count: int = 0
    first_cursor: str | None = None
    last_cursor: str | None = None
    outcome: Literal["complete", "failed"] | None = None
    error: str | None = None

    def add(self, records: Sequence[bytes], first_cursor: str | None, last_cursor: str | None) -> None:
        """Take one page: its records in feed order, each of which is hashed, and its cursors."""
        self.page_count += 1
        self.records.add(records)
        self.first_cursor = self.first_cursor or first_cursor
        self.last_cursor = last_cursor or self.last_cursor

    @property
    def byte_count(self) -> int:
        """How many bytes of records it holds."""
        return self.records.byte_count

    def split(self, count: int) -> tuple[Chunk, Chunk]:
        """The first `count` records, to be landed before all that is left, which says how the walk went."""
        first, others = self.records.split(count)
        return Chunk(self.walk, first), replace(self, records=others)


def record_walks(connection: duckdb.DuckDBPyConnection, walks: Sequence[Walk]) -> None:
    """Write the rows of the walks as they stand now; the caller owns the transaction."""
    rows = [
        {name: getattr(walk, name) for name in _COUNTS_AND_NAMES}
        | {
            "kind": str(walk.piece.kind),
            "slice_start": _naive(walk.piece.start),
            "slice_end": _naive(walk.piece.end),
            "query": orjson.dumps(dict(walk.query)).decode(),
            "started_at": _naive(walk.started_at),
            "finished_at": walk.finished_at and _naive(walk.finished_at),
            "product_version": __version__,
        }
        for walk in walks
    ]
    _write(connection, "insert or replace into raw.extracts by name from ledger_rows", rows)


def record_requests(
    connection: duckdb.DuckDBPyConnection, receipts: Iterable[tuple[str, str | None, Receipt]]
) -> None:
    """Keep the request ids that the feed gave us, each with its source and the extract it was for."""
    rows = [
        {
            "request_id": receipt.request_id,
            "source": source,
            "extract_id": extract_id,
            "status_code": receipt.status_code,
            "requested_at": _naive(receipt.requested_at),
        }
        for source, extract_id, receipt in receipts
    ]
    _write(connection, "insert into raw.feed_requests by name from ledger_rows", rows)


def _write(connection: duckdb.DuckDBPyConnection, statement: str, rows: list[dict[str, Any]]) -> None:
    if not rows:
        return
    connection.register("ledger_rows", pa.Table.from_pylist(rows))
    try:
        connection.execute(statement)
    finally:
        connection.unregister("ledger_rows")


def coverage(connection: duckdb.DuckDBPyConnection, source: str) -> list[Interval]:
    """The stretches of time that are proven complete for the source, oldest first."""
    return [_interval(*found) for found in connection.execute(_COVERAGE, {"source": source}).fetchall()]


def unproven(connection: duckdb.DuckDBPyConnection, source: str) -> dict[Interval, str]:
    """Stretches that a failed walk was to prove and that no later walk has proven, each with what went wrong.

    Also where the stretch is covered: a walk that reached back into covered time looked for late activities, and
    whoever failed to look has to look again.
    """
    return {
        stretch: error or "The walk did not end."
        for _, left, error, _ in _failed(connection, source)
        for stretch in left
    }


def not_proven(connection: duckdb.DuckDBPyConnection, source: str) -> dict[Interval, str]:
    """What is not proven of the time from the first covered moment of the source to the last, each with a reason.

    These are the gaps between covered stretches, and what is `unproven` wherever it lies.
    """
    covered = coverage(connection, source)
    holes = gaps(Interval(covered[0].start, covered[-1].end), covered) if covered else []
    return dict.fromkeys(holes, "No walk of it is complete.") | unproven(connection, source)


def unfinished(connection: duckdb.DuckDBPyConnection, source: str) -> list[Interval]:
    """Slices that are not proven yet, although an attempt at them got a page: read again, they are cut smaller.

    A slice of which not even one page came says nothing about its size.
    """
    return [failed for failed, left, _, page_count in _failed(connection, source) if left and page_count]


def _failed(
    connection: duckdb.DuckDBPyConnection, source: str
) -> Iterator[tuple[Interval, list[Interval], str | None, int]]:
    """Each slice that failed, what is still not proven of it, why, and the pages that an attempt got."""
    for start, end, error, page_count, proven in connection.execute(_FAILED, {"source": source}).fetchall():
        failed = _interval(start, end)
        yield failed, gaps(failed, [_interval(*piece) for piece in proven or ()]), error, page_count


def _interval(start: datetime, end: datetime) -> Interval:
    return Interval(start.replace(tzinfo=UTC), end.replace(tzinfo=UTC))


def stored_hashes(
    connection: duckdb.DuckDBPyConnection, source: str, within: Interval, activity_types: Sequence[str]
) -> set[str]:
    """Hashes of all contents that are stored of these types and times: whatever has one of them is not new."""
    found = connection.execute(
        "select payload_sha256 from raw.activities where source = $source and created_at >= $start "
        "and created_at < $end and list_contains($types, activity_type) "
        "union select payload_sha256 from raw.activity_revisions where source = $source and created_at >= $start "
        "and created_at < $end and list_contains($types, activity_type)",
        {
            "source": source,
            "start": _naive(within.start),
            "end": _naive(within.end),
            "types": list(activity_types),
        },
    ).fetchall()
    return {content for (content,) in found}


def close_abandoned(connection: duckdb.DuckDBPyConnection, source: str | None = None) -> int:
    """Mark walks (of one source, or of all) that a process left open when it died; their slices are still due.

    Only the holder of the pipeline's lock may call this: nobody else is walking then. Returns how many.
    """
    found = connection.execute(
        "update raw.extracts set status = 'failed', finished_at = current_timestamp at time zone 'UTC', "
        "error = 'The process ended before the walk did. ' || case "
        "when page_count = 0 then 'The slice is read again.' "
        "when slice_end - slice_start > interval 1 minute then 'The slice is read again, cut in halves.' "
        "else $stuck end "
        "where status = 'open' and source = coalesce($source, source) returning extract_id",
        {"source": source, "stuck": STUCK},
    ).fetchall()
    return len(found)


def check_feed_host(connection: duckdb.DuckDBPyConnection, source: str, host: str) -> None:
    """Refuse to mix feeds: a warehouse filled from a local feed is not continued from the real one.

    Raises:
        WarehouseError: the source was read from another host before.
    """
    others = connection.execute(
        "select feed_host from raw.extracts where source = ? and feed_host <> ? limit 1", [source, host]
    ).fetchall()
    if others:
        raise WarehouseError(
            f"This warehouse was filled from {others[0][0]}, and source {source} is now to be read from {host}. "
            "Use another WAREHOUSE_PATH for another feed."
        )


def _naive(moment: datetime) -> datetime:
    """The moment as a TIMESTAMP column holds it: in UTC, without a zone."""
    return moment.astimezone(UTC).replace(tzinfo=None)
