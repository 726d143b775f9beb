"""The job that reads the directory: rows in the warehouse, one build for new walks, a failed list is a warning."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import duckdb

from local_feed import LocalFeed
from orchestration.docs_pages.questions import PAGE, read_questions
from tests.conftest import Query
from tests.dbt_project.builds import run_dbt
from tests.directories import CONSOLE, ENTERPRISE, small_directory
from tests.end_to_end.conftest import MARTS_OF_DIRECTORY, RULES_OF_DIRECTORY, environment_of, run

NEWEST_BUILD = "select walk_seq from raw.builds order by rowid desc limit 1"


def is_quiet(result: dg.ExecuteInProcessResult) -> bool:
    """Whether the run left the tables as they were."""
    return any(
        "unchanged since" in one.metadata for one in result.asset_materializations_for_node("curated_tables")
    )


def test_new_walks_are_read_stored_and_built_once(prepared: Path, query: Query):
    path = prepared
    begin = (datetime.now(UTC) - timedelta(days=2)).isoformat()
    record = {"id": "a1", "created_at": begin, "organization_uuid": ENTERPRISE, "type": "claude_chat_created"}
    record["actor"] = {"type": "user_actor", "user_id": "user_00", "email_address": "p0@a.example"}
    with LocalFeed(records=[record], directory=small_directory(), admin_organization=CONSOLE) as feed:
        environment = environment_of(feed, ANTHROPIC_COMPLIANCE_ACCESS_KEY=feed.directory_key)
        assert run("refresh", path, environment).success
        assert query(NEWEST_BUILD) == [(0,)]
        feed.faults.add("error", status=404, path=f"{CONSOLE}/users")
        result = run("directory", path, environment)
        assert result.success
        [materialized] = result.asset_materializations_for_node("raw__directory")
        assert materialized.metadata["failed_walks"].value == 1
        assert f"users of {CONSOLE} failed" in materialized.metadata["warnings"].value
        assert "compliance: reads organizations, groups, " in materialized.metadata["summary"].value
        assert not is_quiet(result)
        [(newest,)] = query("select max(walk_seq) from raw.directory_walks where status = 'complete'")
        assert query(NEWEST_BUILD) == [(newest,)]
        assert query("select count(*) from staging.stg_directory__items where list_name = 'users'") == [(30,)]
        with duckdb.connect(str(path.parent / "published" / "compliance.duckdb"), read_only=True) as published:
            found = published.execute("select count(*) from marts.directory_objects").fetchall()
        assert found == query("select count(*) from marts.directory_objects") > [(0,)]
        # The walks are built, and nothing else is new.
        assert is_quiet(run("refresh", path, environment))
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
        environment = environment_of(feed, FEED_SOURCES=str(sources), **keys)
        assert run("refresh", path, environment).success
        assert run("directory", path, environment).success
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
    result = run_dbt(path, tmp_path / "target", "test")
    names = {one.node.resource_type.value for one in result.result}
    assert names >= {"test", "unit_test"}
    assert any("code" in one.node.tags for one in result.result)
