"""A walk, one complete reading of one list of the directory, and its row in the ledger `raw.directory_walks`."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Literal
from uuid import uuid4

import duckdb
import pyarrow as pa

from orchestration import __version__
from orchestration.duckdb_sql import registered
from orchestration.intervals import naive_utc

_NEWEST_WALK_SEQ = "select coalesce(max(walk_seq), 0) from raw.directory_walks"
_OF_LEDGER = (
    "walk_id", "source", "list_name", "parent_id", "status", "page_count", "item_count", "new_count",
    "changed_count", "gone_count", "last_request_id", "error", "dagster_run_id",
)  # fmt: skip


@dataclass(kw_only=True)
class Walk:
    """One walk: what was received, and its ledger row in the making.

    `items` are the items' bytes by id; if an id was received twice, the last. `item_count` counts every item
    received.
    """

    source: str
    list_name: str
    parent_id: str | None = None
    dagster_run_id: str | None = None
    walk_id: str = field(default_factory=lambda: uuid4().hex)
    status: Literal["complete", "failed", "refused"] = "complete"
    items: dict[str, bytes] = field(default_factory=dict)
    page_count: int = 0
    item_count: int = 0
    new_count: int = 0
    changed_count: int = 0
    gone_count: int = 0
    last_request_id: str | None = None
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    finished_at: datetime | None = None
    error: str | None = None

    def add(self, item_id: str, item: bytes) -> None:
        """Add one item as it was received."""
        self.items[item_id] = item
        self.item_count += 1

    def end(self, error: str | None = None) -> None:
        """End the walk: complete, or failed for this reason."""
        self.finished_at = datetime.now(UTC)
        if error:
            self.status, self.error = "failed", error

    @cached_property
    def hashes(self) -> dict[str, str]:
        """The SHA-256 (hex) of each item by item id, once the walk has ended."""
        return {item_id: hashlib.sha256(item).hexdigest() for item_id, item in self.items.items()}

    @property
    def name(self) -> str:
        """The list and its parent, for messages."""
        return f"{self.list_name} of {self.parent_id}" if self.parent_id else self.list_name


def content_sha256(hashes: dict[str, str]) -> str:
    """SHA-256 over the hex hashes of the items, joined in the order of their ids."""
    return hashlib.sha256("".join(hashes[item_id] for item_id in sorted(hashes)).encode()).hexdigest()


def record_walks(connection: duckdb.DuckDBPyConnection, walks: Sequence[Walk]) -> None:
    """Write the rows of the walks, numbered in this order; the caller owns the transaction."""
    [(newest,)] = connection.execute(_NEWEST_WALK_SEQ).fetchall()
    rows = [
        {name: getattr(walk, name) for name in _OF_LEDGER}
        | {
            "content_sha256": None if walk.status == "failed" else content_sha256(walk.hashes),
            "started_at": naive_utc(walk.started_at),
            "finished_at": naive_utc(walk.finished_at),
            "product_version": __version__,
            "walk_seq": number,
        }
        for number, walk in enumerate(walks, start=newest + 1)
    ]
    insert_rows(connection, "directory_walks", rows)


def insert_rows(connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[dict[str, Any]]) -> None:
    """Add the rows, which name all columns that are not null, to a table of schema `raw`."""
    if rows:
        with registered(connection, "directory_rows", pa.Table.from_pylist(list(rows))):
            connection.execute(f"insert into raw.{table} by name from directory_rows")


def insert_numbered(connection: duckdb.DuckDBPyConnection, table: str, rows: Iterable[dict[str, Any]]) -> None:
    """Add the rows with the next numbers of the table's `ingest_seq`."""
    [(newest,)] = connection.execute(f"select coalesce(max(ingest_seq), 0) from raw.{table}").fetchall()
    insert_rows(
        connection, table, [{**row, "ingest_seq": number} for number, row in enumerate(rows, start=newest + 1)]
    )
