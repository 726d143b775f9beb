"""Directory walks without a reader: their rows in `raw`, as the data dictionary has them, and builds with them."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from orchestration.warehouse.connection import open_warehouse
from tests.conftest import Query
from tests.dbt_project.builds import build_models
from tests.histories import land_days

Item = dict[str, Any]
Items = dict[str, Item]
Part = tuple[list[bytes], list["Walk"]]


@dataclass(frozen=True)
class Walk:
    """What one walk of one list found, by item id. One that is not complete says nothing.

    `usage`: output tokens by key, of a reading of the usage report.
    """

    list_name: str
    parent_id: str | None
    started_at: datetime
    items: Items
    source: str = "compliance"
    status: str = "complete"
    seconds: int = 60
    usage: dict[str | None, int] = field(default_factory=dict)

    @property
    def walk_id(self) -> str:
        """The id is made of what the walk is of."""
        return f"{self.source}/{self.list_name}/{self.parent_id}/{self.started_at:%m%d%H%M%S}"


class Directory:
    """Writes walks as the reader does: a ledger row each, and a row for each item that changed."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str, str | None], Items] = {}
        self._changes: dict[str, dict[str, Item | None]] = {}

    def observe(self, walk: Walk) -> None:
        """Compare the walk with the one of its list that was observed before. The order of storing is free."""
        changes: dict[str, Item | None] = {}
        if walk.status == "complete":
            series = (walk.source, walk.list_name, walk.parent_id)
            known = self._known.get(series, {})
            changes |= {item_id: item for item_id, item in walk.items.items() if known.get(item_id) != item}
            changes |= dict.fromkeys(known.keys() - walk.items.keys())
            self._known[series] = walk.items
        assert walk.walk_id not in self._changes
        self._changes[walk.walk_id] = changes

    def store(self, path: Path, walks: Iterable[Walk]) -> None:
        """Store the walks; those that were not observed are, in the order given."""
        with open_warehouse(path) as connection:
            for walk in walks:
                if walk.walk_id not in self._changes:
                    self.observe(walk)
                _store(connection, walk, self._changes[walk.walk_id])


@contextmanager
def built_in_parts(
    path: Path, parts: Iterable[Part], *models: str, directory: Directory | None = None
) -> Iterator[Query]:
    """Rows of a query on the warehouse, with the models built after each part of activities and walks."""
    directory = directory or Directory()
    for records, walks in parts:
        land_days(path, records)
        directory.store(path, walks)
        build_models(path, path.parent / "target", "--select", *models)
    with duckdb.connect(str(path), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        yield lambda sql, *values: connection.execute(sql, values).fetchall()


def _store(connection: duckdb.DuckDBPyConnection, walk: Walk, changes: dict[str, Item | None]) -> None:
    connection.execute(
        """
        insert into raw.directory_walks (
            walk_id, source, list_name, parent_id, status, page_count, item_count, new_count, changed_count,
            gone_count, started_at, finished_at, product_version
        ) values (?, ?, ?, ?, ?, 1, ?, 0, 0, 0, ?, ?, 'test')
        """,
        [
            *(walk.walk_id, walk.source, walk.list_name, walk.parent_id, walk.status, len(walk.items)),
            *(walk.started_at, walk.started_at + timedelta(seconds=walk.seconds)),
        ],
    )
    item_rows = [
        (walk.source, walk.list_name, walk.parent_id, item_id, walk.walk_id, item is not None, *_payload(item),
         walk.started_at)
        for item_id, item in changes.items()
    ]  # fmt: skip
    usage_rows = [
        (walk.source, walk.parent_id, key_id, tokens, walk.walk_id, f"{walk.walk_id}{number}", walk.started_at)
        for number, (key_id, tokens) in enumerate(walk.usage.items())
    ]
    if item_rows:
        connection.executemany(
            "insert into raw.directory_items select $1, $2, $3, $4, $5, $6, $7, $8, $9, "
            "(select coalesce(max(ingest_seq), 0) + 1 from raw.directory_items)",
            item_rows,
        )
    if usage_rows:
        connection.executemany(
            "insert into raw.key_usage select $1, $2, $3, null, 'model', 0, 0, 0, $4, 1, $5, '{}', $6, $7, "
            "(select coalesce(max(ingest_seq), 0) + 1 from raw.key_usage)",
            usage_rows,
        )


def _payload(item: Item | None) -> tuple[str | None, str | None]:
    if item is None:
        return None, None
    payload = json.dumps(item)
    return payload, hashlib.sha256(payload.encode()).hexdigest()
