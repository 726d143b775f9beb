"""The job that reads the directory: rows in the warehouse, one build for new walks, a failed list is a warning."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import duckdb
from pydantic import SecretStr

from local_feed import LocalFeed
from orchestration.assets.dbt_run import TESTS_OF_THE_CODE
from orchestration.docs_pages.questions import PAGE, read_questions
from orchestration.ingest.run import refresh
from tests.conftest import Query, source_of
from tests.dbt_project.builds import run_dbt
from tests.directories import CONSOLE, ENTERPRISE, small_directory
from tests.end_to_end.conftest import MARTS_OF_DIRECTORY, RULES_OF_DIRECTORY, UNPUBLISHED, environment_of, run

NEWEST_BUILD = "select walk_seq from raw.builds order by rowid desc limit 1"


def tables(path: Path) -> dict[str, list[str]]:
    """The rows of every mart that rests on activities alone."""
    names = ("activities", "key_lifecycle", "membership_changes", "user_activity_daily", "user_activity_summary")
    with duckdb.connect(str(path), read_only=True) as connection:
        return {
            name: sorted(map(repr, connection.execute(f"select * from marts.{name}").fetchall())) for name in names
        }


def unchanged(result: dg.ExecuteInProcessResult) -> dict[str, Mapping[str, dg.MetadataValue]]:
    """The tables that the run says it left as they were, with their metadata."""
    assert result.success
    materialized = result.asset_materializations_for_node("curated_tables")
    return {one.asset_key.path[-1]: one.metadata for one in materialized if "unchanged since" in one.metadata}


def test_new_walks_are_built_once_and_another_project_builds_everything(prepared: Path, query: Query):
    path = prepared
    begin = (datetime.now(UTC) - timedelta(days=2)).isoformat()
    record = {"id": "a1", "created_at": begin, "organization_uuid": ENTERPRISE, "type": "claude_chat_created"}
    record["actor"] = {"type": "user_actor", "user_id": "user_00", "email_address": "p0@a.example"}
    with LocalFeed(records=[record], directory=small_directory(), admin_organization=CONSOLE) as feed:
        environment = environment_of(feed, ANTHROPIC_COMPLIANCE_ACCESS_KEY=feed.directory_key)
        assert refresh(source_of(feed, name="compliance"), path).is_complete
        assert query(NEWEST_BUILD) == [(0,)]
        # As another version left it: an increment would fail, and would not fill what the project brings along.
        with duckdb.connect(str(path)) as connection:
            connection.execute("update raw.builds set project_sha256 = 'of another version'")
            connection.execute("alter table marts.activities add column of_another_version integer")
            connection.execute("delete from staging.activity_types")
        feed.faults.add("error", status=404, path=f"{CONSOLE}/users")
        result = run("directory", path, environment)
        assert result.success
        [materialized] = result.asset_materializations_for_node("raw__directory")
        assert materialized.metadata["failed_walks"].value == 1
        assert f"users of {CONSOLE} failed" in materialized.metadata["warnings"].value
        assert "compliance: reads organizations, groups, " in materialized.metadata["summary"].value
        assert unchanged(result) == {}
        [(newest,)] = query("select max(walk_seq) from raw.directory_walks where status = 'complete'")
        assert query(NEWEST_BUILD) == [(newest,)]
        assert query("select count(*) from staging.stg_directory__items where list_name = 'users'") == [(30,)]
        with duckdb.connect(str(path.parent / "published" / "compliance.duckdb"), read_only=True) as published:
            found = published.execute("select count(*) from marts.directory_objects").fetchall()
        assert found == query("select count(*) from marts.directory_objects") > [(0,)]
        assert "of_another_version" not in str(query("describe marts.activities"))
        assert query("select count(*) from staging.activity_types") > [(0,)]
        # The walks are built, and nothing else is new.
        before = tables(path)
        shown = unchanged(run("refresh", path, environment))
        assert {"activities", "key_lifecycle", "user_activity_summary"} <= shown.keys()
        assert "feed_coverage" not in shown
        assert all("preview" in metadata for metadata in shown.values())
        assert shown["activities"]["dagster/row_count"].value == 1
        assert tables(path) == before
        feed.faults.add("error", times=0, status=401, path="/v1/")
        failed = run("directory", path, environment)
        assert not failed.success
        assert "refused the key" in str(
            [one.step_failure_data.user_failure_data for one in failed.filter_events(lambda e: e.is_step_failure)]
        )


SOURCES = """
[sources.enterprise]
key_variable = "ENTERPRISE_KEY"
[sources.console]
key_variable = "CONSOLE_KEY"
"""


def test_a_directory_fills_its_marts_fires_its_rules_and_passes_every_test_of_dbt(
    prepared: Path, query: Query, tmp_path: Path
):
    path = prepared
    sources = tmp_path / "sources.toml"
    sources.write_text(SOURCES)
    with LocalFeed(size=3000, seed=11, directory=True, cache=tmp_path) as feed:
        keys = {"ENTERPRISE_KEY": feed.directory_key, "CONSOLE_KEY": feed.admin_key}
        assert refresh(source_of(feed, name="enterprise", key=SecretStr(feed.directory_key)), path).is_complete
        environment = environment_of(feed, FEED_SOURCES=str(sources), **keys)
        assert run("directory", path, environment, stages=UNPUBLISHED).success
    for mart in MARTS_OF_DIRECTORY:
        assert query(f"select count(*) from marts.{mart}") > [(0,)], mart
    fired = {rule for (rule,) in query("select distinct rule_id from marts.findings")}
    # The key that was used after its end was archived before the days that the first reading of usage asks for.
    assert fired >= RULES_OF_DIRECTORY - {"key_inference_after_end"}
    kinds = {kind for (kind,) in query("select distinct object_kind from marts.state_agreement")}
    assert kinds == {"member", "group_member", "workspace_member", "key", "setting"}
    assert query("select count(*) from marts.state_agreement where agreeing_count < 0") == [(0,)]
    named = query("select grant_type from marts.access_grants where grant_name is not null group by grant_type")
    assert {kind for (kind,) in named} >= {"organization", "group", "workspace", "platform_api_key"}
    for question in read_questions(PAGE.read_text(encoding="utf-8")):
        if question.section == "The directory, beside the log":
            assert query(question.query), question.title
    # Unit tests, and the tests of models and seeds that no build runs.
    result = run_dbt(path, tmp_path / "target", "test", "--select", TESTS_OF_THE_CODE, "test_type:unit")
    names = {one.node.resource_type.value for one in result.result}
    assert names >= {"test", "unit_test"}
    assert any("code" in one.node.tags for one in result.result)
