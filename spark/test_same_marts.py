"""Spark builds from an archive the same marts as DuckDB, row by row."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from local_feed import LocalFeed
from orchestration.archive.snapshot import stage_snapshot
from orchestration.warehouse.connection import open_warehouse
from spark.differences import differences
from tests.end_to_end.conftest import environment_of, run
from tests.end_to_end.test_hostile_records import hostile_records, land_all

ROOT = Path(__file__).resolve().parent.parent
# JSON that the two engines are known to read differently (docs/spark.md), and a replacement that both read alike.
READ_DIFFERENTLY = {
    "123456789012345678901234567890.5": "-0.5",
    "1e400": "14.25",
    '"type":"user_actor","type":"api_actor","user_id":"user_twice","user_id":7': '"type":"user_actor","user_id":7',
}


def archived(path: Path, root: Path) -> None:
    """A history whose days are all closed, archived by the product."""
    with LocalFeed(size=2000, seed=12, cache=path.parent / "cache", own_reads=False) as feed:
        assert run("refresh", path, environment_of(feed) | {"ARCHIVE_PATH": str(root)}).success


def made_up(path: Path, root: Path) -> None:
    """A history with all activity types and stories, and own reads of today, which are not sealed yet."""
    with LocalFeed(size=3000, seed=11, cache=path.parent / "cache", own_reads=True) as feed:
        assert run("refresh", path, environment_of(feed)).success
    export(path, root)


def hostile(path: Path, root: Path) -> None:
    """Hostile records of a day that is not closed."""
    records = list(hostile_records())
    for original, alike in READ_DIFFERENTLY.items():
        assert any(original in record for record in records)
        records = [record.replace(original, alike) for record in records]
    land_all(path, records)
    assert run("rebuild", path, {}).success
    export(path, root)


def export(warehouse: Path, root: Path) -> None:
    """Export schema `raw`, sealed or not, in the layout of docs/archive.md."""
    ledger = root / "ledger" / "00000001"
    ledger.mkdir(parents=True)
    with open_warehouse(warehouse) as connection:
        connection.execute(
            f"copy (select *, created_at::date as activity_date from raw.activities) to '{root}/activities' "
            "(format parquet, partition_by (source, activity_date), filename_pattern 'part')"
        )
        stage_snapshot(connection, ledger, number=1)
    parts = [str(part.relative_to(root)) for part in root.glob("activities/*/*/*.parquet")]
    with duckdb.connect() as connection:
        connection.execute(
            f"copy (select unnest(?::varchar[]) as path) to '{ledger}/archive_files.parquet' (format parquet)",
            [parts],
        )


@pytest.mark.parametrize("history", [archived, made_up, hostile])
def test_every_mart_is_the_same(history: Callable[[Path, Path], None], tmp_path: Path):
    warehouse, root, work = tmp_path / "warehouse.duckdb", tmp_path / "archive", tmp_path / "spark"
    history(warehouse, root)
    subprocess.run([ROOT / ".venv-spark/bin/python", "-m", "spark", root, work], cwd=ROOT, check=True)
    assert differences(warehouse, work / "warehouse") == []
