"""Stores the usage report: a closed day with all its rows, again with the next version where it differs."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import duckdb

from orchestration.api.lists import values
from orchestration.intervals import naive_utc
from orchestration.landing.walk import Walk, insert_numbered

# The report's name among the lists in the ledger of walks; one walk of it is one day.
USAGE = "usage"

# Each version of a day is stored whole.
_NEWEST_VERSIONS = """
with versions as (
    select source, usage_date, usage_version, list(payload_sha256) as hashes from raw.key_usage
    where list_contains($days, usage_date::varchar)
    group by all
)
select source, usage_date::varchar, max(usage_version), arg_max(hashes, usage_version) from versions group by all
"""
NAMES = ("api_key_id", "workspace_id", "model")
# By column, the field of the report.
COUNTS = {
    "uncached_input_token_count": "uncached_input_tokens",
    "cache_read_token_count": "cache_read_input_tokens",
    "output_token_count": "output_tokens",
}


def store_days(connection: duckdb.DuckDBPyConnection, walks: Sequence[Walk]) -> None:
    """Store the rows of the days that are the walks' `parent_id`; the caller owns the transaction.

    `new_count` of a walk is the number of rows of a new version, 0 where the day is as it was.
    """
    days = sorted({walk.parent_id or "" for walk in walks})
    found = connection.execute(_NEWEST_VERSIONS, {"days": days}).fetchall() if days else []
    versions = {(source, day): (version, sorted(hashes)) for source, day, version, hashes in found}
    rows: list[dict[str, Any]] = []
    for walk in walks:
        version, known = versions.get((walk.source, walk.parent_id), (0, []))
        if sorted(walk.hashes.values()) != known:
            walk.new_count = len(walk.items)
            rows += _rows(walk, version + 1)
    insert_numbered(connection, "key_usage", rows)


def _rows(walk: Walk, version: int) -> Iterator[dict[str, Any]]:
    for item_id in sorted(walk.items):
        row = values(walk.items[item_id])
        yield {
            "source": walk.source,
            "usage_date": date.fromisoformat(walk.parent_id or ""),
            **{name: row.get(name) for name in NAMES},
            **{name: row.get(field) or 0 for name, field in COUNTS.items()},
            "cache_creation_token_count": sum((row.get("cache_creation") or {}).values()),
            "usage_version": version,
            "walk_id": walk.walk_id,
            "payload": walk.items[item_id].decode(),
            "payload_sha256": walk.hashes[item_id],
            "observed_at": naive_utc(walk.started_at),
        }
