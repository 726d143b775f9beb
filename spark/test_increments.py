"""On Spark with Iceberg, tables that grew with the archive are those that DuckDB makes anew of it."""

import json
import subprocess
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from local_feed import LocalFeed
from orchestration.api.endpoint import Receipt
from orchestration.archive.storage.store import open_store
from orchestration.intervals import Kind, Slice, day_floor
from orchestration.landing.land import land
from orchestration.privacy.erasure import erase
from orchestration.warehouse.connection import open_warehouse
from spark.differences import differences
from tests.archive.conftest import archive
from tests.dbt_project.builds import build_models
from tests.histories import chunk_of, extract_of, land_days
from tests.privacy.people import ORDER, know_users

ROOT = Path(__file__).resolve().parent.parent
SIZE = 1000


@pytest.mark.timeout(3600)
def test_tables_grow_to_what_a_rebuild_makes(tmp_path: Path):
    """After a first build, an increment with late records and days that closed, and an erasure."""
    warehouse, reference = tmp_path / "warehouse.duckdb", tmp_path / "reference.duckdb"
    root, work = tmp_path / "archive", tmp_path / "spark"
    by_day = days_of_history(tmp_path)
    days = sorted(by_day)
    # With more than one record, so that it can be open.
    open_day = max(days[-8:-2], key=lambda day: len(by_day[day]))
    first = [day for day in days if day < open_day]
    later = [day for day in days if day > open_day]
    late = [record for day in first for record in by_day[day][::7]]
    early = [record for day in first for record in by_day[day] if record not in late]
    times = sorted(time_of(record) for record in by_day[open_day])
    noon = times[len(times) // 2]
    halves = [[one for one in by_day[open_day] if (time_of(one) < noon) == is_first] for is_first in (True, False)]
    assert all(halves)

    # What comes late of closed days is archived, and built, before what came earlier of a day that is open.
    land_days(warehouse, early)
    archive(warehouse, open_store(str(root)))
    land_slice_of(warehouse, halves[0], open_day, noon)
    land_days(warehouse, late[::2])
    archive(warehouse, open_store(str(root)))
    before = build(root, work)
    assert differences(made_anew(reference, root), work / "marts.json") == []

    # The day closes. More comes late, another source brings some again, and reads become known as our own.
    land_slice_of(warehouse, halves[1], noon, open_day + timedelta(days=1), requests=early)
    land_days(warehouse, [record for day in later for record in by_day[day]])
    revised = json.dumps(json.loads(early[-1]) | {"revised": True}).encode()
    land_days(warehouse, [*late[1::2], revised])
    land_days(warehouse, early[-40:], source="admin")
    archive(warehouse, open_store(str(root)))
    after = build(root, work)
    assert set(before["activity_objects"]) < set(after["activity_objects"]), "what was there was written again"
    assert differences(made_anew(reference, root), work / "marts.json") == []

    person, emails = most_frequent_actor(reference)
    know_users(warehouse, **{person: emails})
    assert holding(work, person)
    assert erase(warehouse, person, ORDER)
    fresh = tmp_path / "fresh"
    archive(warehouse, open_store(str(fresh)))
    build(fresh, work)
    assert differences(made_anew(tmp_path / "erased.duckdb", fresh), work / "marts.json") == []
    assert holding(work, person) == []


def days_of_history(cache: Path) -> dict[datetime, list[bytes]]:
    """The records of a made-up history by UTC day."""
    by_day: dict[datetime, list[bytes]] = {}
    with LocalFeed(
        size=SIZE, seed=21, cache=cache, start="2026-05-01T00:00:00Z", end="2026-06-01T00:00:00Z"
    ) as feed:
        for _, record in feed.records():
            by_day.setdefault(day_floor(time_of(record)), []).append(record)
    return by_day


def time_of(record: bytes) -> datetime:
    return datetime.fromisoformat(json.loads(record)["created_at"])


def land_slice_of(
    path: Path, records: list[bytes], start: datetime, end: datetime, requests: Iterable[bytes] = ()
) -> None:
    """Land part of a day. The requests that these records report become known as our own."""
    chunk = chunk_of(*records, extract=extract_of(Slice(Kind.BACKFILL, start, end), "compliance"))
    ours = {json.loads(record).get("request_id") for record in requests} - {None}
    chunk.receipts += [Receipt(request_id, 200, datetime(2026, 6, 1, tzinfo=UTC)) for request_id in sorted(ours)]
    with open_warehouse(path) as connection:
        land(connection, [chunk])


def build(root: Path, work: Path) -> dict[str, list[str]]:
    """Build on Spark what the archive holds. Returns the files of each mart."""
    command = [ROOT / ".venv-spark-3.5/bin/python", "-m", "spark", root, work, "--iceberg"]
    before = contents(root)
    subprocess.run(command, cwd=ROOT, check=True)
    assert contents(root) == before, "the archive is only read"
    return json.loads((work / "marts.json").read_text())


def contents(root: Path) -> dict[str, tuple[int, int]]:
    return {
        str(file): (file.stat().st_mtime_ns, file.stat().st_size) for file in root.rglob("*") if file.is_file()
    }


def made_anew(path: Path, root: Path) -> Path:
    """The warehouse at `path` with the content of the archive and all tables rebuilt by DuckDB."""
    ledger = max((root / "ledger").glob("*/manifest.json")).parent
    with open_warehouse(path) as connection:
        tables = {name for (name,) in connection.execute(
            "select table_name from duckdb_tables() where schema_name = 'raw'"
        ).fetchall()}  # fmt: skip
        for table in tables & {file.stem for file in ledger.glob("*.parquet")}:
            connection.execute(f"delete from raw.{table}")
            connection.execute(f"insert into raw.{table} by name from read_parquet('{ledger}/{table}.parquet')")
        paths = connection.execute("select path from raw.archive_files").fetchall()
        connection.execute("delete from raw.activities")
        connection.execute(
            "insert into raw.activities by name select * exclude (activity_date) "
            "from read_parquet(?, hive_partitioning = true) order by ingest_seq",
            [[str(root / path) for (path,) in paths]],
        )
    build_models(path, path.with_suffix(".target"), "--full-refresh")
    return path


def most_frequent_actor(path: Path) -> tuple[str, list[str]]:
    """The user id with the most activities, and its addresses."""
    with duckdb.connect(str(path), read_only=True) as connection:
        [(person, emails)] = connection.execute(
            "select user_id, emails from marts.users join marts.activities on user_id = actor_user_id "
            "group by all order by count(*) desc, 1 limit 1"
        ).fetchall()
    return person, emails


def holding(work: Path, text: str) -> list[str]:
    """The data files of all tables, also of what was replaced, that have the text in a row."""
    found = []
    with duckdb.connect() as connection:
        for file in (work / "warehouse").rglob("*.parquet"):
            rows = connection.execute(
                f"select 1 from read_parquet('{file}') as one where contains(one::varchar, ?) limit 1", [text]
            )
            if rows.fetchall():
                found.append(str(file))
    return found
