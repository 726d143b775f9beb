"""What Spark built is published like what DuckDB built: from its files, with the ledger that it read.

The files are DuckDB's own marts, laid out as Spark lays them out; dbt is a program that says that it succeeded.
"""

import json
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from orchestration.archive.snapshot import stage_snapshot
from orchestration.assets.project import project
from orchestration.publish.marts import read_catalog
from orchestration.warehouse.connection import open_warehouse
from tests.end_to_end.conftest import PSEUDONYM_KEY, run
from tests.end_to_end.test_publishing import Built, rows
from tests.fake_dbt import all_built, make_dbt

MARTS = [mart.name for mart in read_catalog(project.manifest_path).marts]
# What an edition says, but when it was published and from which build.
EDITION = "from marts._published select * exclude (published_at, fingerprint)"


@pytest.fixture
def environment(copy: Path, tmp_path: Path) -> dict[str, str]:
    """The archive of the built warehouse, and a dbt that lays its marts out as Spark does."""
    ledger = tmp_path / "archive" / "ledger" / "00000007"
    ledger.mkdir(parents=True)
    with open_warehouse(copy) as connection:
        snapshot = stage_snapshot(connection, ledger, 7)
        assert snapshot.number == 7
        for mart in MARTS:
            place = tmp_path / "marts" / mart
            place.mkdir(parents=True)
            connection.execute(f"copy (from marts.{mart}) to '{place}/part-00000.snappy.parquet' (format parquet)")
    (tmp_path / "on_build").write_text(
        """
tables = here / "warehouse" / f"marts_build_{os.environ['SPARK_BUILD']}.db"
tables.parent.mkdir(exist_ok=True)
tables.unlink(missing_ok=True)
tables.symlink_to(here / "marts")
"""
    )
    return {
        "ARCHIVE_PATH": str(tmp_path / "archive"),
        "PSEUDONYM_KEY": PSEUDONYM_KEY,
        "SPARK_DBT": str(make_dbt(tmp_path, all_built(json.loads(project.manifest_path.read_text())))),
        "SPARK_WAREHOUSE": str(tmp_path / "warehouse"),
        "SPARK_PUBLISHED_PATH": "",
    }


def content(path: Path) -> dict[str, object]:
    return {name: rows(path, f"select count(*), bit_xor(hash(t)) from marts.{name} as t") for name in MARTS}


def test_both_sets_are_those_of_the_marts_and_so_is_what_they_say_of_completeness(
    built: Built, copy: Path, environment: dict[str, str]
):
    # Where its tables are not, nothing is published.
    done = run("spark", copy, environment | {"SPARK_WAREHOUSE": str(copy.with_name("elsewhere"))})
    assert "Check SPARK_WAREHOUSE" in failures(done)["spark_tables"]
    assert not copy.with_name("published-spark").exists()

    # The server is one of its own; what is written there is the same (tests/publish/postgres).
    done = run(
        "spark", copy, environment | {"SPARK_PUBLISH_POSTGRES_URL": "postgresql://spark@db.example.com/marts"}
    )
    assert failures(done).keys() == {"spark__published__postgres", "spark__published__general_postgres"}
    sentence = "SPARK_PUBLISH_POSTGRES_URL names a server on another host"
    assert all(sentence in one for one in failures(done).values())
    for suffix in ("", "-general"):
        ours, theirs = built[0].with_name(f"published{suffix}"), copy.with_name(f"published-spark{suffix}")
        published = content(ours / "compliance.duckdb")
        assert content(theirs / "compliance.duckdb") == published
        assert rows(theirs / "compliance.duckdb", EDITION) == rows(ours / "compliance.duckdb", EDITION)
        files = f"read_parquet('{theirs}/parquet/users/**/*.parquet')"
        with duckdb.connect() as connection:
            found = connection.execute(f"select count(*), bit_xor(hash(t)) from {files} as t").fetchall()
        assert found == published["users"]
    assert not copy.with_name("published").exists()


def failures(done: dg.ExecuteInProcessResult) -> dict[str, str]:
    """The sentence of each failed step."""
    failed = done.filter_events(lambda event: event.is_step_failure)
    return {one.step_key: one.step_failure_data.user_failure_data.description for one in failed}
