"""A few days of records, landed without a feed: what the tests of seals and of verification look at."""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb

from orchestration.intervals import Kind, Slice, day_floor
from orchestration.landing.extract import Chunk, Extract
from orchestration.landing.land import land
from orchestration.warehouse.connection import open_warehouse

FIRST_DAY = datetime(2026, 5, 1, tzinfo=UTC)
DAYS = 5
EMPTY_DAY = 2


def activity(activity_id: str, at: datetime, **fields: Any) -> dict[str, Any]:
    """One activity as the feed would send it."""
    created_at = at.isoformat().replace("+00:00", "Z")
    return {"id": activity_id, "created_at": created_at, "type": "x", "actor": {"type": "system_actor"}} | fields


def record(activity_id: str, at: datetime, **fields: Any) -> bytes:
    """The same as text."""
    return json.dumps(activity(activity_id, at, **fields)).encode()


def extract_of(time_slice: Slice | None = None, source: str = "test", **fields: Any) -> Extract:
    """An extract of one slice, the first day unless stated."""
    time_slice = time_slice or Slice(Kind.BACKFILL, FIRST_DAY, FIRST_DAY + timedelta(days=1))
    given = {"query": {}, "feed_host": "loopback", "dagster_run_id": None} | fields
    return Extract(source=source, time_slice=time_slice, **given)


def chunk_of(*records: bytes, extract: Extract | None = None, outcome: str | None = "complete") -> Chunk:
    """The records as all that the extract received."""
    chunk = Chunk(extract or extract_of(), outcome=outcome)
    chunk.add(list(records), None, None)
    chunk.error = "The feed was down." if outcome == "failed" else None
    return chunk


def land_slice(
    connection: duckdb.DuckDBPyConnection,
    *records: bytes,
    start: datetime = FIRST_DAY,
    end: datetime | None = None,
    time_slice: Slice | None = None,
    source: str = "test",
    outcome: str = "complete",
) -> Extract:
    """Land records as one extract of one slice, a day unless stated."""
    time_slice = time_slice or Slice(Kind.BACKFILL, start, end or start + timedelta(days=1))
    extract = extract_of(time_slice, source, query={"limit": "5000"})
    land(connection, [chunk_of(*records, extract=extract, outcome=outcome)])
    return extract


def land_days(path: Path, records: Iterable[bytes], source: str = "compliance") -> None:
    """Land each record under the UTC day it is of, as one complete read of that day."""
    days: dict[datetime, list[bytes]] = defaultdict(list)
    for text in records:
        days[day_floor(datetime.fromisoformat(json.loads(text)["created_at"]))].append(text)
    slices = {day: Slice(Kind.BACKFILL, day, day + timedelta(days=1)) for day in days}
    with open_warehouse(path) as connection:
        land(connection, [chunk_of(*days[day], extract=extract_of(slices[day], source)) for day in days])


Texts = dict[str, tuple[datetime, bytes]]


def build(path: Path, *, source: str = "test", skip: Collection[int] = ()) -> Texts:
    """Land five days of three activities each, the third day empty. Returns time and text by id.

    A new warehouse is a copy of one that is landed once a worker.
    """
    if path.exists():
        return _land_days(path, source, skip)
    content, texts = _built(source, frozenset(skip))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return dict(texts)


@cache
def _built(source: str, skip: frozenset[int]) -> tuple[bytes, Texts]:
    with TemporaryDirectory() as directory:
        path = Path(directory) / "warehouse.duckdb"
        texts = _land_days(path, source, skip)
        return path.read_bytes(), texts


def _land_days(path: Path, source: str, skip: Collection[int]) -> Texts:
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
