"""Stores the usage report: a closed day with all its rows, again with the next version where it differs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import duckdb

from orchestration.api.lists import values
from orchestration.intervals import naive_utc
from orchestration.landing.walk import Walk, insert_rows, numbered

# The list that the report is in the ledger of walks; a walk of it is of one day.
USAGE = "usage"

# Each version of a day is stored whole.
_NEWEST_VERSION = """
select usage_version, list(payload_sha256) from raw.key_usage
where source = $source and usage_date = $day::date
group by usage_version order by usage_version desc limit 1
"""
_COUNTS = {
    "uncached_input_token_count": "uncached_input_tokens",
    "cache_read_token_count": "cache_read_input_tokens",
    "output_token_count": "output_tokens",
}


def store_day(connection: duckdb.DuckDBPyConnection, walk: Walk) -> None:
    """Store the rows of the day that is the walk's `parent_id`; the caller owns the transaction.

    `new_count` of the walk is the number of rows of a new version, 0 where the day is as it was.
    """
    parameters = {"source": walk.source, "day": walk.parent_id}
    found = connection.execute(_NEWEST_VERSION, parameters).fetchall()
    version, known = found[0] if found else (0, [])
    if sorted(known) == sorted(walk.hashes.values()):
        return
    walk.new_count = len(walk.items)
    insert_rows(connection, "key_usage", numbered(connection, "key_usage", _rows(walk, version + 1)))


def _rows(walk: Walk, version: int) -> Iterator[dict[str, Any]]:
    hashes = walk.hashes
    for item_id in sorted(walk.items):
        row = values(walk.items[item_id])
        yield {
            "source": walk.source,
            "usage_date": date.fromisoformat(walk.parent_id or ""),
            **{name: row.get(name) for name in ("api_key_id", "workspace_id", "model")},
            **{name: row.get(field) or 0 for name, field in _COUNTS.items()},
            "cache_creation_token_count": sum((row.get("cache_creation") or {}).values()),
            "usage_version": version,
            "walk_id": walk.walk_id,
            "payload": walk.items[item_id].decode(),
            "payload_sha256": hashes[item_id],
            "observed_at": naive_utc(walk.started_at),
        }
