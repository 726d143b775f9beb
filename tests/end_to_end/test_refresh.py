"""The real asset graph end to end: feed over HTTP, DuckDB, dbt build, rows of the marts."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest

from local_feed import LocalFeed
from tests.end_to_end.conftest import MARTS_OF_DIRECTORY, environment_of, run

Built = tuple[Path, dg.ExecuteInProcessResult]
HOSTILE_FIELDS = {f"unknown_{n}": n for n in range(1000)} | dict.fromkeys(
    ("a.b", "$.a[*]", "q\"uo'te", "", " ", "线\u202e🚀", "nul\u0000", "x" * 5000, "--; drop table raw.activities")
)


def rows(path: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def metadata_of(result: dg.ExecuteInProcessResult, asset: str) -> dict[str, Any]:
    [found] = [
        one
        for one in result.asset_materializations_for_node("raw_tables")
        if one.asset_key.to_user_string() == asset
    ]
    return {name: value.value for name, value in found.metadata.items()}


def failure_of(result: dg.ExecuteInProcessResult) -> str:
    [event] = [event for event in result.all_events if event.is_step_failure]
    return event.step_failure_data.user_failure_data.description


def test_the_refresh_succeeds_and_every_check_passes(built: Built):
    _, result = built
    assert result.success
    checks = result.get_asset_check_evaluations()
    assert len(checks) > 100
    # The made-up history ended some time ago, and a feed that fell silent is told; so are its incidents.
    warned = {(one.check_name, one.severity) for one in checks if not one.passed}
    warn = dg.AssetCheckSeverity.WARN
    assert warned == {("newest_activity_is_recent", warn), ("no_new_severe_findings", warn)}


def test_every_served_record_is_in_raw_and_in_the_mart_once(built: Built, history: LocalFeed):
    path, _ = built
    stored = rows(path, "select activity_id, payload_sha256 from raw.activities")
    horizon = rows(path, "select max(slice_end) from raw.extracts")[0][0].isoformat()
    served = {
        name: hashlib.sha256(text).hexdigest()
        for name, text in history.records()
        if json.loads(text)["created_at"] < horizon
    }
    assert len(stored) == len(served)
    assert dict(stored) == served
    assert sorted(stored) == sorted(rows(path, "select activity_id, payload_sha256 from marts.activities"))


def test_all_documented_types_and_the_unknown_ones_are_in_the_mart(built: Built):
    path, _ = built
    known, unmapped = rows(
        path,
        "select count(distinct activity_type) filter (where is_known_type), "
        "count(distinct activity_type) filter (where category = 'unmapped') from marts.activities",
    )[0]
    assert known == 523
    assert unmapped >= 1


def test_the_marts_are_not_empty(built: Built):
    path, _ = built
    tables = {name for (name,) in rows(path, "select table_name from duckdb_tables() where schema_name = 'marts'")}
    # The feed has given each activity one content so far, and no directory was read.
    for name in tables - {"activity_revisions"} - MARTS_OF_DIRECTORY:
        assert rows(path, f"select count(*) from marts.{name}")[0][0] > 0, name


def test_a_materialization_reports_what_happened(built: Built):
    path, result = built
    said = metadata_of(result, "raw/activities")
    assert (
        said["new"]
        == said["received"]
        == said["dagster/row_count"]
        == rows(path, "select count(*) from raw.activities")[0][0]
    )
    assert (said["duplicates"], said["late"], said["revised"]) == (0, 0, 0)
    assert said["requests"] == rows(path, "select count(*) from raw.feed_requests")[0][0]
    assert said["pages"] == rows(path, "select sum(page_count) from raw.extracts")[0][0]
    assert (
        len(said["newest slices"].records if hasattr(said["newest slices"], "records") else said["newest slices"])
        == 20
    )
    assert {"waited_seconds", "horizon", "newest created_at", "lag_seconds", "slices"} <= said.keys()


def test_the_tables_report_their_size(built: Built):
    path, result = built
    sizes = {
        one.asset_key.path[-1]: one.metadata["dagster/row_count"].value
        for one in result.asset_materializations_for_node("curated_tables")
        if "dagster/row_count" in one.metadata
    }
    for name in ("activities", "key_lifecycle", "membership_periods", "users"):
        assert sizes[name] == rows(path, f"select count(*) from marts.{name}")[0][0]


def activity(
    name: str, at: datetime, kind: str, actor: dict[str, Any] | None = None, **fields: Any
) -> dict[str, Any]:
    return {
        "id": name,
        "created_at": at.isoformat().replace("+00:00", "Z"),
        "organization_id": "org_1",
        "organization_uuid": "uuid-1",
        "actor": actor or {"type": "user_actor", "user_id": "user_ada", "email_address": "ada@example.com"},
        "type": kind,
    } | fields


def test_new_late_and_changed_records_reach_the_marts(tmp_path: Path):
    path, day = tmp_path / "w.duckdb", datetime.now(UTC) - timedelta(hours=6)
    with LocalFeed(
        records=[
            # With it, the late record is of a day that is complete, also early in the day.
            activity("first", day - timedelta(days=2), "claude_chat_created"),
            activity("a1", day, "claude_user_role_updated", user_id="user_bob", user_email="bob@example.com",
                     previous_role=None, current_role="user"),
            activity("a2", day + timedelta(hours=1), "api_key_created", api_key_id="apikey_01K", scopes=[]),
        ]
    ) as feed:  # fmt: skip
        environment = environment_of(feed, FEED_OVERLAP_MINUTES="600")
        assert run("refresh", path, environment).success
        assert rows(path, "select principal_id, role, is_current from marts.membership_periods") == [
            ("user_bob", "user", True)
        ]
        feed.add(
            activity("a0", day - timedelta(hours=1), "claude_user_role_updated", user_id="user_bob",
                     user_email="bob@example.com", previous_role=None, current_role="developer")
        )  # fmt: skip
        feed.add(
            activity(
                "a3",
                datetime.now(UTC),
                "scoped_api_key_deleted",
                api_key_id="apikey_01K",
                api_key_name="k",
                scopes=[],
            )
        )
        feed.replace("a2", activity("a2", day + timedelta(hours=1), "api_key_created", api_key_id=None, scopes=[]))
        result = run("refresh", path, environment)
        assert result.success
        said = metadata_of(result, "raw/activities")
        assert (said["new"], said["late"], said["revised"]) == (2, 1, 1)
        assert rows(path, "select role, valid_from from marts.membership_periods") == [
            ("developer", (day - timedelta(hours=1)).replace(tzinfo=None))
        ]
        assert rows(path, "select key_id, status, created_by_email from marts.key_lifecycle") == [
            ("apikey_01K", "deleted", "ada@example.com")
        ]


def test_increments_give_what_a_rebuild_gives(tmp_path: Path):
    path, day = tmp_path / "w.duckdb", datetime.now(UTC) - timedelta(hours=20)
    with LocalFeed(size=1000, seed=5, cache=tmp_path, own_reads=True, start="2026-01-01T00:00:00Z",
                   end="2026-04-01T00:00:00Z") as feed:  # fmt: skip
        environment = environment_of(feed, FEED_START="2026-01-01", FEED_OVERLAP_MINUTES="2000")
        assert run("refresh", path, environment).success
        feed.add(activity("late", day, "org_user_left", **HOSTILE_FIELDS))
        second = run("refresh", path, environment)
        assert second.success
        checks = {one.check_name: one for one in second.get_asset_check_evaluations()}
        told = checks["documented_contract_is_current"]
        assert (told.passed, told.severity) == (False, dg.AssetCheckSeverity.WARN)
        assert f"{len(HOSTILE_FIELDS)} fields" in told.description
        tables = [
            name
            for (name,) in rows(
                path, "select table_name from duckdb_tables() where schema_name = 'marts' order by 1"
            )
        ]
        before = {name: sorted(map(repr, rows(path, f"select * from marts.{name}"))) for name in tables}
        assert run("rebuild", path, environment).success
        for name in tables:
            assert before[name] == sorted(map(repr, rows(path, f"select * from marts.{name}"))), name


def test_own_reads_are_told_from_those_of_others(tmp_path: Path):
    path = tmp_path / "w.duckdb"
    other = {"type": "api_actor", "api_key_id": "apikey_other"}
    with LocalFeed(records=[activity("r1", datetime.now(UTC) - timedelta(days=1), "compliance_api_accessed", other,
                                     request_id="req_other")], own_reads=True) as feed:  # fmt: skip
        environment = environment_of(feed)
        assert run("refresh", path, environment).success
        assert run("refresh", path, environment).success
        found = dict(rows(path, "select is_own_read, count(*) from marts.activities group by 1"))
        asked = rows(path, "select count(*) from raw.feed_requests")[0][0]
    assert found[False] == 1
    assert 2 <= found[True] < asked


def test_an_open_slice_fails_the_run_but_the_rest_is_built(tmp_path: Path):
    path = tmp_path / "w.duckdb"
    now = datetime.now(UTC)
    with LocalFeed(
        records=[activity(f"a{n}", now - timedelta(days=n), "claude_chat_created") for n in range(1, 4)]
    ) as feed:
        feed.faults.add("error", times=0, status=400, covers=f"{(now - timedelta(days=2)).date()}T12:00:00Z")
        result = run("refresh", path, environment_of(feed))
        assert not result.success
        assert "1 gap(s)" in failure_of(result)
        assert rows(path, "select count(*) from marts.activities") == [(2,)]
        feed.faults.clear()
        assert run("refresh", path, environment_of(feed)).success
        assert rows(path, "select count(*) from marts.activities") == [(3,)]


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({"ANTHROPIC_COMPLIANCE_ACCESS_KEY": ""}, "Set ANTHROPIC_COMPLIANCE_ACCESS_KEY or ANTHROPIC_ADMIN_KEY"),
        ({"ANTHROPIC_COMPLIANCE_ACCESS_KEY": "sk-ant-api01-no"}, "refused the key"),
        ({"ANTHROPIC_COMPLIANCE_ACCESS_KEY": "sk-ant-api01-local-feed-without-scope"}, "Needed:"),
        ({"FEED_PAGE_SIZE": "0"}, "FEED_PAGE_SIZE"),
    ],
)
def test_what_the_operator_did_wrong_is_one_sentence(tmp_path: Path, environment: dict[str, str], sentence: str):
    with LocalFeed(records=[]) as feed:
        result = run("refresh", tmp_path / "w.duckdb", environment_of(feed) | environment)
    assert not result.success
    assert sentence in failure_of(result)
    assert "Traceback" not in failure_of(result)
