"""The types in flight between reading and landing, and the ledger rows they become.

An extract is one reading of one slice. It arrives in chunks of pages; each chunk is landed as it comes, and the
last one says how the extract went.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Literal, Protocol
from uuid import uuid4

import duckdb
import orjson
import pyarrow as pa

from orchestration import __version__
from orchestration.duckdb_sql import registered
from orchestration.intervals import Slice, naive_utc
from orchestration.landing.records import Records
from orchestration.warehouse.errors import REPLACED, WarehouseError

_COUNTS_AND_NAMES = (
    "extract_id", "source", "status", "page_count", "received_count", "inserted_count", "duplicate_count",
    "revision_count", "quarantined_count", "late_count", "first_cursor", "last_cursor", "last_request_id",
    "content_sha256", "dagster_run_id", "error", "feed_host", "extract_seq", "revisions_sha256",
)  # fmt: skip


class AnsweredRequest(Protocol):
    """One answered request."""

    @property
    def request_id(self) -> str: ...
    @property
    def status_code(self) -> int: ...
    @property
    def requested_at(self) -> datetime: ...


@dataclass(slots=True, kw_only=True)
class Extract:
    """One extract of one slice: its ledger row as filled in by the chunks landed so far.

    `extract_seq`: the place in the order in which extracts ended; None while it is open.
    `revisions_sha256`: over the hex hashes of the revisions that it brought; None while it is open or without any.
    `outside_count`: activities whose time is not in the slice that was asked for. They are stored like all others.
    `left_as`: its row as this run wrote it last; None before the first.
    """

    source: str
    time_slice: Slice
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
    quarantined_count: int = 0
    late_count: int = 0
    outside_count: int = 0
    first_cursor: str | None = None
    last_cursor: str | None = None
    last_request_id: str | None = None
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    finished_at: datetime | None = None
    error: str | None = None
    extract_seq: int | None = None
    revisions_sha256: str | None = None
    newest: datetime | None = None
    left_as: tuple[Any, ...] | None = None
    _content: Any = field(default_factory=hashlib.sha256)

    def absorb(self, chunk: "Chunk") -> None:
        """Update the row with a chunk that has been stored; called in order."""
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
        """Add what landing one batch stored."""
        self.inserted_count += inserted
        self.duplicate_count += duplicate
        self.revision_count += revision
        self.late_count += late
        self.outside_count += outside
        self.newest = max(filter(None, (self.newest, newest)), default=None)

    def count_quarantined(self, quarantined: int, known: int) -> None:
        """Add the batch's quarantined records, and those that had been quarantined before."""
        self.quarantined_count += quarantined
        self.duplicate_count += known

    @property
    def content_sha256(self) -> str:
        """SHA-256 over the hex hashes of the extract's records, joined in feed order."""
        return self._content.hexdigest()


@dataclass(slots=True)
class Chunk:
    """Consecutive pages of one extract as they were received, ready to be landed.

    `outcome` is set only on the last chunk of an extract, so that the ledger can say `complete` only together
    with the extract's last record.
    """

    extract: Extract
    records: Records = field(default_factory=Records)
    receipts: list[AnsweredRequest] = field(default_factory=list)
    page_count: int = 0
    first_cursor: str | None = None
    last_cursor: str | None = None
    outcome: Literal["complete", "failed"] | None = None
    error: str | None = None

    def add(self, records: Sequence[bytes], first_cursor: str | None, last_cursor: str | None) -> None:
        """Add one page: its records in feed order, each hashed, and its cursors."""
        self.page_count += 1
        self.records.add(records)
        self.first_cursor = self.first_cursor or first_cursor
        self.last_cursor = last_cursor or self.last_cursor

    @property
    def byte_count(self) -> int:
        """How many bytes of records it holds."""
        return self.records.byte_count

    def split(self, count: int) -> tuple["Chunk", "Chunk"]:
        """The first `count` records, to be landed before all that is left, which says how the extract went."""
        first, others = self.records.split(count)
        return Chunk(self.extract, first), replace(self, records=others)


_ROW = "select status, page_count, received_count, content_sha256 from raw.extracts where extract_id = ?"


def require_as_left(connection: duckdb.DuckDBPyConnection, extracts: Iterable[Extract]) -> None:
    """Refuse to store under an extract that is not in the file as it was left: its first rows would be missing.

    Raises:
        WarehouseError: the file was replaced while it was written to.
    """
    for extract in (one for one in extracts if one.left_as):
        found = next(iter(connection.execute(_ROW, [extract.extract_id]).fetchall()), None)
        if found != extract.left_as:
            raise WarehouseError(REPLACED)


def record_extracts(connection: duckdb.DuckDBPyConnection, extracts: Sequence[Extract]) -> None:
    """Write the current rows of the extracts; the caller owns the transaction."""
    rows = [
        {name: getattr(extract, name) for name in _COUNTS_AND_NAMES}
        | {
            "kind": str(extract.time_slice.kind),
            "slice_start": naive_utc(extract.time_slice.start),
            "slice_end": naive_utc(extract.time_slice.end),
            "query": orjson.dumps(dict(extract.query)).decode(),
            "started_at": naive_utc(extract.started_at),
            "finished_at": naive_utc(extract.finished_at),
            "product_version": __version__,
        }
        for extract in extracts
    ]
    _write(connection, "insert or replace into raw.extracts by name from ledger_rows", rows)
    for extract in extracts:
        extract.left_as = (extract.status, extract.page_count, extract.received_count, extract.content_sha256)


def record_requests(
    connection: duckdb.DuckDBPyConnection, receipts: Iterable[tuple[str, str | None, AnsweredRequest]]
) -> None:
    """Keep the request ids that the feed gave us, each with its source and the extract it was for."""
    rows = [
        {
            "request_id": receipt.request_id,
            "source": source,
            "extract_id": extract_id,
            "status_code": receipt.status_code,
            "requested_at": naive_utc(receipt.requested_at),
        }
        for source, extract_id, receipt in receipts
    ]
    _write(connection, "insert into raw.feed_requests by name from ledger_rows", rows)


def _write(connection: duckdb.DuckDBPyConnection, statement: str, rows: list[dict[str, Any]]) -> None:
    if rows:
        with registered(connection, "ledger_rows", pa.Table.from_pylist(rows)):
            connection.execute(statement)
