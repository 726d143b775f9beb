"""A few days of records, landed without a feed: what the tests of seals and of verification look at."""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from orchestration.intervals import Kind, Slice
from orchestration.landing.extract import Chunk, Extract
from orchestration.landing.land import land
from orchestration.warehouse.connection import open_warehouse

FIRST_DAY = datetime(2026, 5, 1, tzinfo=UTC)
DAYS = 5
EMPTY_DAY = 2


def record(activity_id: str, at: datetime, **fields: Any) -> bytes:
    """One activity as the feed would send it."""
    told = at.isoformat().replace("+00:00", "Z")
    return json.dumps(
        {"id": activity_id, "created_at": told, "type": "x", "actor": {"type": "system_actor"}} | fields
    ).encode()


def land_slice(
    connection: duckdb.DuckDBPyConnection,
    *records: bytes,
    start: datetime = FIRST_DAY,
    end: datetime | None = None,
    time_slice: Slice | None = None,
    source: str = "test",
    outcome: str = "complete",
) -> Extract:
    """Land records as one extract of one slice, a day unless told otherwise."""
    extract = Extract(
        source=source,
        time_slice=time_slice or Slice(Kind.BACKFILL, start, end or start + timedelta(days=1)),
        query={"limit": "5000"},
        feed_host="loopback",
        dagster_run_id=None,
    )
    chunk = Chunk(extract)
    chunk.add(list(records), None, None)
    chunk.outcome = outcome
    chunk.error = "The feed was down." if outcome == "failed" else None
    land(connection, [chunk])
    return extract


def build(path: Path, *, source: str = "test", skip: Collection[int] = ()) -> dict[str, tuple[datetime, bytes]]:
    """Land five days of three activities each, the third day empty. Returns time and text by id."""
    texts = {}
    with open_warehouse(path) as connection:
        for day in range(DAYS):
            if day in skip:
                continue
            start = FIRST_DAY + timedelta(days=day)
            hours = range(0) if day == EMPTY_DAY else range(1, 4)
            of_day = {f"activity_{day}{hour}": start + timedelta(hours=hour) for hour in hours}
            records = {name: (at, record(name, at)) for name, at in of_day.items()}
            land_slice(connection, *(text for _, text in records.values()), start=start, source=source)
            texts |= records
    return texts
