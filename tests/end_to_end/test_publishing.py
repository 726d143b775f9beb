"""Publishing through the real asset graph: what is published, and what prevents a new edition."""

import logging
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest

from orchestration.assets.project import project
from orchestration.publish.duckdb_file import publish_database
from orchestration.publish.edition import read_edition
from orchestration.publish.errors import PublicationError
from orchestration.publish.marts import read_catalog
from orchestration.publish.parquet import publish_parquet
from orchestration.publish.sets import restricted
from orchestration.warehouse.connection import open_warehouse
from tests.end_to_end.conftest import PSEUDONYM_KEY, run
from tests.rows import rows

Built = tuple[Path, dg.ExecuteInProcessResult]

# A rebuild changes the marts without new activities.
AGAIN = "update raw.dbt_runs set build_id = 'again', is_full_refresh = true"


def facts_of(result: dg.ExecuteInProcessResult, name: str) -> dict[str, Any]:
    [found] = result.asset_materializations_for_node(f"published__{name}")
    return {key: value.value for key, value in found.metadata.items()}


@pytest.fixture
def database(built: Built) -> Path:
    return built[0].parent / "published" / "compliance.duckdb"


def test_the_published_file_holds_every_mart_as_it_was_built(built: Built, database: Path):
    names = [mart.name for mart in read_catalog(project.manifest_path).marts]
    tables = rows(database, "select schema_name, table_name from duckdb_tables() order by 2")
    assert tables == sorted(
        [("marts", "_published"), *(("marts", name) for name in names)], key=lambda row: row[1]
    )
    assert rows(database, "select count(*) from duckdb_indexes()") == [(0,)]
    for name in names:
        content = f"select count(*), bit_xor(hash(t)) from marts.{name} as t"
        assert rows(database, content) == rows(built[0], content), name


def test_published_tables_are_sorted_described_and_have_statistics(database: Path):
    [(sorted_rows, total)] = rows(
        database,
        "select count(*) filter (where before is null or before <= now), count(*) from (select "
        "(occurred_at, activity_id) as now, lag((occurred_at, activity_id)) over (order by rowid) as before "
        "from marts.activities)",
    )
    assert sorted_rows == total > 0
    bare = "select table_name from duckdb_tables() where comment is null and table_name <> '_published'"
    assert rows(database, bare) == []
    [(comment,)] = rows(
        database,
        "select comment from duckdb_columns() where table_name = 'logins' and column_name = 'claimed_email'",
    )
    assert "not an identity" in comment


def test_the_publication_says_how_far_it_is_complete(built: Built, database: Path):
    [(source, through, gaps, seq, count)] = rows(
        database,
        "select source, complete_through, gap_count, through_ingest_seq, activity_count from marts._published",
    )
    assert (source, gaps) == ("compliance", 0)
    assert through == rows(built[0], "select max(slice_end) from raw.extracts")[0][0]
    assert [(seq, count)] == rows(built[0], "select max(ingest_seq), count(*) from marts.activities")


def test_the_parquet_files_hold_the_same(built: Built, database: Path):
    link = database.parent / "parquet"
    months = rows(built[0], "select count(distinct strftime(activity_date, '%Y-%m')) from marts.activities")[0][0]
    assert len(list(link.resolve().glob("activities/month=*/*.parquet"))) == months
    with duckdb.connect() as connection:
        for (name,) in rows(database, "select table_name from duckdb_tables() where table_name <> '_published'"):
            files = f"read_parquet('{link.resolve()}/{name}/**/*.parquet', hive_partitioning = false)"
            found = connection.execute(f"select count(*), bit_xor(hash(t)) from {files} as t").fetchall()
            assert found == rows(database, f"select count(*), bit_xor(hash(t)) from marts.{name} as t"), name
        published = connection.execute(f"select fingerprint from '{link}/_published/*.parquet'").fetchall()
    assert published == rows(database, "select fingerprint from marts._published")


def test_the_run_says_what_was_published(built: Built, database: Path):
    result = built[1]
    facts = facts_of(result, "database")
    assert facts["path"] == str(database)
    assert facts["activities"] == rows(database, "select count(*) from marts.activities")[0][0]
    assert {"published_at", "complete_through"} <= facts.keys()
    assert facts_of(result, "parquet")["files unchanged"] == 0
    assert result.asset_materializations_for_node("published__postgres") == []
    noted = {
        event.event_specific_data.asset_observation.asset_key.to_user_string()
        for event in result.all_events
        if event.event_type_value == "ASSET_OBSERVATION"
    }
    assert "marts/key_lifecycle" in noted


def test_publishing_again_writes_nothing_and_reports_it(
    built: Built, database: Path, caplog: pytest.LogCaptureFixture
):
    """Without the key for pseudonyms the general set is kept, and the run reports it."""
    general = database.parent.with_name("published-general")

    def state() -> list[Any]:
        return [(one / "compliance.duckdb").stat().st_mtime_ns for one in (database.parent, general)] + [
            (one / "parquet").resolve() for one in (database.parent, general)
        ]

    before = state()
    caplog.set_level(logging.INFO, "orchestration")
    result = run("publish", built[0], {})
    assert result.success
    for name in ("database", "parquet"):
        assert facts_of(result, name)["outcome"].startswith("Nothing has changed")
        assert result.asset_materializations_for_node(f"published__general_{name}") == []
    [(at,)] = rows(general / "compliance.duckdb", "select published_at from marts._published")
    assert f"PSEUDONYM_KEY is not set. The one of {at:%Y-%m-%d %H:%M} (UTC) is kept.\n" in caplog.text
    result = run("publish", built[0], {"PSEUDONYM_KEY": PSEUDONYM_KEY})
    for name in ("general_database", "general_parquet"):
        assert facts_of(result, name)["outcome"].startswith("Nothing has changed")
    assert state() == before


def test_a_job_of_all_day_leaves_an_edition_for_as_long_as_is_set(copy: Path, caplog: pytest.LogCaptureFixture):
    directory = copy.parent / "published"
    publish(copy, directory)
    change(copy, AGAIN)
    file = directory / "compliance.duckdb"
    before, minutes = file.read_bytes(), {"PUBLISH_EVERY_MINUTES": "60"}
    caplog.set_level(logging.INFO, "orchestration")
    result = run("refresh", copy, minutes, stages=("published",))
    assert result.success
    assert file.read_bytes() == before
    assert "(UTC) stays: PUBLISH_EVERY_MINUTES is 60.\n" in caplog.text
    assert [one for one in result.all_events if one.is_step_failure] == []

    # What somebody asks for is published, and what has become old.
    assert facts_of(run("publish", copy, minutes), "database")["outcome"] == "Published."
    with duckdb.connect(str(file)) as connection:
        connection.execute("update marts._published set published_at = published_at - interval 1 hour")
    assert run("refresh", copy, minutes, stages=("published",)).asset_materializations_for_node(
        "published__edition"
    )


def publish(path: Path, directory: Path) -> tuple[bool, tuple[int, int] | None]:
    published = restricted(read_catalog(project.manifest_path), directory)
    with open_warehouse(path) as connection:
        edition = read_edition(connection, published)
        return publish_database(connection, published, edition), publish_parquet(connection, published, edition)


def change(path: Path, *statements: str) -> None:
    with open_warehouse(path) as connection:
        for statement in statements:
            connection.execute(statement)


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        ("update raw.dbt_runs set failed_nodes = ['unique_users', 'x']", "failed in unique_users and 1 more"),
        ("update raw.dbt_runs set mart_count = 1", "No build of all marts"),
        ("update raw.dbt_runs set through_ingest_seq = 1", "A build was interrupted"),
        ("alter table marts.logins drop column login_kind", "marts.logins does not have the columns"),
        ("drop table marts.users", "marts.users does not have the columns"),
    ],
)  # fmt: skip
def test_what_did_not_pass_is_not_published(copy: Path, spoil: str, sentence: str):
    directory = copy.parent / "published"
    publish(copy, directory)
    before = (directory / "compliance.duckdb").read_bytes()
    change(copy, spoil)
    with pytest.raises(PublicationError, match=sentence):
        publish(copy, directory)
    assert (directory / "compliance.duckdb").read_bytes() == before


def test_only_months_with_new_rows_are_written_again(copy: Path):
    directory = copy.parent / "published"
    _, first = publish(copy, directory)
    old = (directory / "parquet").resolve()
    change(
        copy,
        "insert into marts.activities by name select * replace ('late' as activity_id, "
        "ingest_seq + 1000000 as ingest_seq) from marts.activities order by occurred_at limit 1",
        "update raw.dbt_runs set through_ingest_seq = (select max(ingest_seq) from marts.activities)",
    )
    _, second = publish(copy, directory)
    assert first
    assert second
    months = len(list(old.glob("activities/month=*")))
    assert second[1] == months - 1 + len(list(old.glob("user_activity_daily/month=*")))
    assert second[0] == first[0] - second[1]
    new = (directory / "parquet").resolve()
    assert new != old
    assert old.exists()
    file = max(new.glob("activities/month=*/*.parquet"))
    assert file.samefile(old / file.relative_to(new))
    change(copy, AGAIN)
    assert publish(copy, directory)[1] == first
    assert not old.exists()


def test_a_month_whose_rows_were_changed_in_place_is_written_again(copy: Path):
    directory = copy.parent / "published"
    publish(copy, directory)
    old = (directory / "parquet").resolve()
    months, days = (len(list(old.glob(f"{mart}/month=*"))) for mart in ("activities", "user_activity_daily"))
    change(
        copy,
        "update marts.activities set is_own_read = true where activity_id = (select min(activity_id) "
        "from marts.activities where activity_type = 'compliance_api_accessed' and not is_own_read)",
    )
    written, counts = publish(copy, directory)
    assert written
    assert counts
    assert counts[1] == months - 1 + days


def test_a_gap_does_not_prevent_publication_but_is_reported(copy: Path):
    change(copy, "delete from raw.extracts where slice_start in (select slice_start from raw.extracts "
                 "order by slice_start limit 1 offset 20)")  # fmt: skip
    publish(copy, copy.parent / "published")
    [(gaps, through)] = rows(
        copy.parent / "published/compliance.duckdb", "select gap_count, complete_through from marts._published"
    )
    assert gaps == 1
    assert through == rows(copy, "select slice_end from raw.extracts order by slice_start limit 1 offset 19")[0][0]


def test_a_reader_keeps_its_edition_while_another_is_published(copy: Path):
    directory = copy.parent / "published"
    publish(copy, directory)
    with duckdb.connect(str(directory / "compliance.duckdb"), read_only=True) as reader:
        [(count,)] = reader.execute("select count(*) from marts.users").fetchall()
        change(copy, "delete from marts.users", AGAIN)
        assert publish(copy, directory)[0]
        assert reader.execute("select count(*), max(last_seen_at) from marts.users").fetchall()[0][0] == count
    assert rows(directory / "compliance.duckdb", "select count(*) from marts.users") == [(0,)]


def test_marts_show_a_preview_without_personal_data(built: Built):
    previews = {
        one.asset_key.path[-1]: one.metadata["preview"]
        for one in built[1].asset_materializations_for_node("curated_tables")
        if "preview" in one.metadata
    }
    marts = {mart.name: mart for mart in read_catalog(project.manifest_path).marts}
    assert previews.keys() == marts.keys()
    for name, shown in previews.items():
        personal = {column.name for column in marts[name].columns if column.pii}
        assert len(shown.records) == min(5, rows(built[0], f"select count(*) from marts.{name}")[0][0])
        assert {column.name for column in shown.schema.columns} == set(marts[name].column_names) - personal
        assert "@" not in repr(shown.records), name
