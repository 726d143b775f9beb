"""Directory walks without a reader: their rows in `raw`, as a reader would store them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import duckdb

Item = dict[str, Any]


@dataclass
class Walk:
    """One walk of one list, with a row for each item that changed since the complete walk before."""

    walk_id: str
    source: str
    list_name: str
    parent_id: str | None
    status: str
    started_at: datetime
    finished_at: datetime
    item_count: int
    changes: dict[str, Item | None]
    usage: dict[str | None, int] = field(default_factory=dict)


@dataclass
class Directory:
    """A sequence of walks, in the order of time within each list."""

    walks: list[Walk] = field(default_factory=list)
    _known: dict[tuple[str, str, str | None], dict[str, Item]] = field(default_factory=dict)

    def walk(
        self,
        list_name: str,
        parent_id: str | None,
        at: datetime,
        items: dict[str, Item],
        *,
        status: str = "complete",
        seconds: int = 30,
        source: str = "directory",
    ) -> Walk:
        """Add a walk that finds `items`, by id. One that is not complete changes nothing."""
        series = (source, list_name, parent_id)
        known = self._known.get(series, {})
        changes: dict[str, Item | None] = {}
        if status == "complete":
            changes.update({key: item for key, item in items.items() if known.get(key) != item})
            changes.update({key: None for key in known if key not in items})
            self._known[series] = dict(items)
        walk_id = f"walk_{len(self.walks):04}"
        finished_at = at + timedelta(seconds=seconds)
        walk = Walk(walk_id, source, list_name, parent_id, status, at, finished_at, len(items), changes)
        self.walks.append(walk)
        return walk

    def report(self, day: str, at: datetime, usage: dict[str | None, int]) -> None:
        """Add a reading of the usage report: output tokens by key."""
        self.walk("usage", day, at, {}).usage.update(usage)


def store_walks(connection: duckdb.DuckDBPyConnection, walks: list[Walk]) -> None:
    """Insert the rows of the walks with the columns of the data dictionary."""
    for walk in walks:
        gone = sum(1 for item in walk.changes.values() if item is None)
        connection.execute(
            """
            insert into raw.directory_walks (
                walk_id, source, list_name, parent_id, status, page_count, item_count, new_count, changed_count,
                gone_count, started_at, finished_at, product_version
            ) values ($1, $2, $3, $4, $5, 1, $6, $7, 0, $8, $9, $10, 'test')
            """,
            [
                *(walk.walk_id, walk.source, walk.list_name, walk.parent_id, walk.status, walk.item_count),
                *(len(walk.changes) - gone, gone, walk.started_at, walk.finished_at),
            ],
        )
        for item_id, item in walk.changes.items():
            payload = None if item is None else json.dumps(item)
            connection.execute(
                """
                insert into raw.directory_items
                select
                    $1, $2, $3, $4, $5, $6 is not null, $6, $7, $8,
                    (select coalesce(max(ingest_seq), 0) + 1 from raw.directory_items)
                """,
                [
                    *(walk.source, walk.list_name, walk.parent_id, item_id, walk.walk_id, payload),
                    *(payload and hashlib.sha256(payload.encode()).hexdigest(), walk.started_at),
                ],
            )
        for number, (key_id, tokens) in enumerate(walk.usage.items()):
            connection.execute(
                """
                insert into raw.key_usage
                select
                    $1, $2, $3, null, 'model', 0, 0, 0, $4, 1, $5, '{}', $5 || $6::varchar, $7,
                    (select coalesce(max(ingest_seq), 0) + 1 from raw.key_usage)
                """,
                [walk.source, walk.parent_id, key_id, tokens, walk.walk_id, number, walk.started_at],
            )
