"""Batches: whole row groups, chunks cut between two of them, order kept, a cost that history does not raise."""

import asyncio
import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from orchestration.ingest import writer
from orchestration.landing import dedup
from orchestration.landing.extract import Chunk, Extract
from orchestration.landing.land import ROW_GROUP, VECTOR, land
from orchestration.warehouse.connection import open_warehouse
from tests.histories import extract_of

DAY = datetime(2026, 5, 1, tzinfo=UTC)


def record(number: int, size: int = 0) -> bytes:
    at = (DAY + timedelta(seconds=86_399) - timedelta(milliseconds=number * 100)).isoformat()
    padding = f',"padding":"{"x" * size}"' if size else ""
    return f'{{"id":"activity_{number}","created_at":"{at}","type":"x"{padding}}}'.encode()


def chunk_of(records: list[bytes], extract: Extract | None = None, outcome: str | None = "complete") -> Chunk:
    chunk = Chunk(extract or extract_of(), outcome=outcome)
    for start in range(0, len(records), 5000):
        chunk.add(records[start : start + 5000], "first", "last")
    return chunk


def land_all(path: Path, chunks: list[Chunk]) -> list[int]:
    """Land through a writer. Returns how many records each batch held."""
    sizes = []

    async def run() -> None:
        it = writer.Writer(
            path, lambda batch: sizes.append(sum(len(chunk.records) for chunk in batch)), first_batch_requests=None
        )
        for chunk in chunks:
            await it.hand_over(chunk)
        it.finish()
        await it.run()

    asyncio.run(run())
    return sizes


def test_a_chunk_is_cut_where_a_batch_is_full(path: Path, query, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(writer, "BATCH_ROWS", 10)
    first, second = chunk_of([record(n) for n in range(7)]), chunk_of([record(n) for n in range(7, 32)])
    assert land_all(path, [first, second]) == [10, 10, 10, 2]
    assert [extract.received_count for extract in (first.extract, second.extract)] == [7, 25]
    assert query("select activity_id from raw.activities order by ingest_seq") == [
        (f"activity_{n}",) for n in range(32)
    ]
    hashes = "".join(hashlib.sha256(record(n)).hexdigest() for n in range(7, 32))
    assert query(
        "select status, page_count, inserted_count, content_sha256 from raw.extracts where extract_id = ?",
        second.extract.extract_id,
    ) == [("complete", 1, 25, hashlib.sha256(hashes.encode()).hexdigest())]


def test_huge_records_are_landed_by_their_bytes(path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(writer, "LARGE_RECORDS_BYTES", 1_000_000)
    chunks = [chunk_of([record(n, 300_000)]) for n in range(9)]
    assert land_all(path, chunks) == [4, 4, 1]


def test_payloads_keep_to_their_rows_however_many_batches_the_engine_scans(path: Path, query):
    records = [record(n, n % 90) for n in range(20_000)]
    again = [*records[3000:9000], record(5, 99), *records[100:200], record(99_999)]
    land_in_one(path, [chunk_of(records[:1]), chunk_of(records[1:30]), chunk_of(records[30:] + records[7:9])])
    land_in_one(path, [chunk_of(again)])
    assert query(
        "select count(*), count(distinct activity_id), count(*) filter (where payload ->> 'id' = activity_id), "
        "count(*) filter (where sha256(payload) = payload_sha256) from raw.activities"
    ) == [(20_001, 20_001, 20_001, 20_001)]
    assert query("select payload ->> 'id', length(payload ->> 'padding') from raw.activity_revisions") == [
        ("activity_5", 99)
    ]


def land_in_one(path: Path, chunks: list[Chunk]) -> None:
    with open_warehouse(path) as connection:
        land(connection, chunks)


def test_a_full_batch_is_one_row_group_and_a_tail_is_left_alone(path: Path, query):
    land_in_one(path, [chunk_of([record(n) for n in range(1000)])])
    for start in (1000, 1000 + ROW_GROUP):
        land_in_one(path, [chunk_of([record(n) for n in range(start, start + ROW_GROUP)])])
    groups = query(
        "select max(start + count) from pragma_storage_info('raw.activities') "
        "where column_name = 'ingest_seq' and segment_type = 'BIGINT' group by row_group_id order by row_group_id"
    )
    assert groups == [(1000,), (ROW_GROUP,), (ROW_GROUP,)]


def test_large_records_lie_in_small_row_groups(path: Path, query, monkeypatch: pytest.MonkeyPatch):
    """What a batch adds to is written again as a whole, so nothing large may grow there."""
    land_in_one(path, [chunk_of([record(n) for n in range(3000)])])
    monkeypatch.setattr(writer, "LARGE_RECORDS_BYTES", 7_000_000)
    chunks = [
        chunk_of([record(n, 2_000) for n in range(start, start + 1000)]) for start in range(3000, 12_000, 1000)
    ]
    assert land_all(path, chunks) == [4000, 4000, 1000]
    groups = query(
        "select max(start + count) from pragma_storage_info('raw.activities') "
        "where column_name = 'ingest_seq' and segment_type = 'BIGINT' group by row_group_id order by row_group_id"
    )
    first, *others = [rows for (rows,) in groups]
    assert (first, sum(others)) == (3000, 9000)
    assert max(others) == VECTOR
    assert query(
        "select count(*), count(distinct activity_id), count(*) filter (where sha256(payload) = payload_sha256) "
        "from raw.activities"
    ) == [(12_000, 12_000, 12_000)]


def test_only_the_time_around_an_extract_is_searched(path: Path):
    """Two extracts, years apart, in one batch: neither the years between nor those before are read."""
    with open_warehouse(path) as connection:
        connection.execute(
            "insert into raw.activities by name select 'test' as source, 'activity_' || n as activity_id, "
            "timestamp '2020-01-01' + to_seconds(n * 200) as created_at, '{}' as payload, 'x' as payload_sha256, "
            "'e' as extract_id, timestamp '2026-01-01' as ingested_at, n + 1 as ingest_seq "
            f"from range({8 * ROW_GROUP}) as numbers (n) order by n"
        )
    with open_warehouse(path) as connection:
        connection.execute(
            "create temp table incoming as select * from (values ('a', 'test', 'activity_5', "
            "timestamp '2020-01-01 00:10:00'), ('b', 'test', 'activity_900000', timestamp '2025-09-15')) "
            "as records (extract_id, source, activity_id, created_at)"
        )
        intervals = list(dedup._joined(connection.execute(dedup._REACHES).fetchall()))
        scans, found = [], []
        for since, until in intervals:
            find = dedup._FIND.format(table="activities", since=since, until=until)
            [(_, plan)] = connection.execute(f"explain (analyze, format json) {find}").fetchall()
            found += connection.execute(find).fetchall()
            scans += [scan for scan in operators(json.loads(plan)) if "raw.activities" in str(scan["extra_info"])]
    assert [scan["total_row_groups_to_scan"] for scan in scans] == [8, 8]
    assert [scan["row_groups_scanned"] for scan in scans] == [1, 1]
    assert [activity_id for _, activity_id, _ in found] == ["activity_5", "activity_900000"]


def operators(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for one in [*plan.get("operator", []), *plan.get("children", [])]:
        yield one
        yield from operators(one)
