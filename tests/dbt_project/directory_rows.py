"""Walks of directory lists, written to schema `raw` as the reader writes them: one row per changed item."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from orchestration.warehouse.connection import open_warehouse

Items = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Walk:
    """One walk: what its list held at `started_at`, by item id. Walks of a status but `complete` say nothing."""

    list_name: str
    parent_id: str | None
    started_at: str
    items: Items
    source: str = "compliance"
    status: str = "complete"

    @property
    def walk_id(self) -> str:
        """The id is made of what the walk is of."""
        return f"walk_{self.source}_{self.list_name}_{self.parent_id}_{self.started_at}"


@dataclass
class Directory:
    """The rows of all walks so far, so that only changes become rows."""

    last: dict[tuple[str, str, str | None], Items] = field(default_factory=dict)
    walk_count: int = 0
    row_count: int = 0

    def store(self, path: Path, walks: list[Walk]) -> None:
        """Store the walks in their order."""
        with open_warehouse(path) as connection:
            for walk in walks:
                self.walk_count += 1
                started_at = datetime.fromisoformat(walk.started_at)
                connection.execute(
                    "insert into raw.directory_walks (walk_id, source, list_name, parent_id, status, page_count, "
                    "item_count, new_count, changed_count, gone_count, started_at, finished_at, product_version, "
                    "walk_seq) values ($1, $2, $3, $4, $5, 1, $6, 0, 0, 0, $7, $8, 'test', $9)",
                    [walk.walk_id, walk.source, walk.list_name, walk.parent_id, walk.status, len(walk.items),
                     started_at, started_at + timedelta(seconds=2), self.walk_count],
                )  # fmt: skip
                if walk.status == "complete":
                    self._store_changes(connection, walk, started_at)

    def _store_changes(self, connection: Any, walk: Walk, started_at: datetime) -> None:
        known = self.last.setdefault((walk.source, walk.list_name, walk.parent_id), {})
        for item_id in sorted(known.keys() | walk.items.keys()):
            item = walk.items.get(item_id)
            if item == known.get(item_id):
                continue
            self.row_count += 1
            connection.execute(
                "insert into raw.directory_items values ($1, $2, $3, $4, $5, $6, $7, null, $8, $9)",
                [walk.source, walk.list_name, walk.parent_id, item_id, walk.walk_id, item is not None,
                 None if item is None else json.dumps(item), started_at, self.row_count],
            )  # fmt: skip
        self.last[walk.source, walk.list_name, walk.parent_id] = dict(walk.items)
