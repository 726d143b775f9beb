"""What Spark built is published like what DuckDB built: from its files, with the ledger that it read.

The files are DuckDB's own marts, laid out as Spark lays them out; dbt is a program that says that it succeeded.
"""

import json
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import duckdb
import pytest
from pydantic import SecretStr

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
        "os.renames(here / 'marts', here / f'warehouse/marts_build_{os.environ[\"SPARK_BUILD\"]}.db')"
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
    built: Built, copy: Path, environment: dict[str, str], url: SecretStr, ask: Callable[..., list[tuple]]
):
    done = run("spark", copy, environment | {"SPARK_PUBLISH_POSTGRES_URL": url.get_secret_value()})
    assert done.success
    for suffix in ("", "-general"):
        ours, theirs = (built[0].with_name(f"published{suffix}"), copy.with_name(f"published-spark{suffix}"))
        assert content(theirs / "compliance.duckdb") == content(ours / "compliance.duckdb")
        assert rows(theirs / "compliance.duckdb", EDITION) == rows(ours / "compliance.duckdb", EDITION)
        files = f"read_parquet('{theirs}/parquet/users/**/*.parquet')"
        with duckdb.connect() as connection:
            found = connection.execute(f"select count(*), bit_xor(hash(t)) from {files} as t").fetchall()
        assert found == content(ours / "compliance.duckdb")["users"]
    for schema in ("marts", "marts_general"):
        assert ask(f"select count(*) from {schema}.activities") == rows(
            copy, "select count(*) from marts.activities"
        )
    assert not copy.with_name("published").exists()


def test_a_build_that_cannot_be_published_keeps_what_was_published(copy: Path, environment: dict[str, str]):
    """Its tables are not where they should be: nothing is published, and the next run says so too."""
    done = run("spark", copy, environment | {"SPARK_WAREHOUSE": str(copy.with_name("elsewhere"))})
    assert not done.success
    [failed] = done.filter_events(lambda event: event.is_step_failure)
    assert failed.step_key == "spark_tables"
    assert "Check SPARK_WAREHOUSE" in failed.step_failure_data.user_failure_data.description
    assert not copy.with_name("published-spark").exists()


def test_other_formats_than_parquet_are_refused(
    copy: Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
):
    done = run("spark", copy, environment | {"SPARK_FILE_FORMAT": "delta"})
    [failed] = done.filter_events(lambda event: event.is_step_failure)
    assert "only Parquet is published from" in failed.step_failure_data.user_failure_data.description


def test_everything_published_comes_from_the_build_on_spark(
    copy: Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
):
    from orchestration.definitions import build_defs

    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    graph = build_defs().resolve_asset_graph()
    edition = dg.AssetKey(["spark", "published", "edition"])
    assert graph.get(edition).parent_keys == {dg.AssetKey(["spark", "marts", name]) for name in MARTS}
    assert graph.get(dg.AssetKey(["spark", "published", "general_parquet"])).group_name == "spark"
