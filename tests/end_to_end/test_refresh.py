"""The real asset graph end to end: feed over HTTP, DuckDB, dbt build, rows of the marts."""

import hashlib
import json
import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from local_feed import LocalFeed
from tests.deliver.siem.conftest import events_in
from tests.end_to_end.conftest import MARTS_OF_DIRECTORY, UNPUBLISHED, environment_of, run
from tests.rows import rows

Built = tuple[Path, dg.ExecuteInProcessResult]
UPLOADS = 12


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
    assert len(checks) > 50
    # The made-up history ended some time ago, and the silence of the feed is reported; so are its incidents.
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


def upload(number: int, at: datetime, **fields: Any) -> dict[str, Any]:
    return activity(f"upload_{number}", at, "claude_file_uploaded", claude_file_id=f"file_{number}", **fields)


def test_what_an_open_slice_withheld_what_is_late_and_what_changed_reach_the_marts(
    prepared: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    path, day = prepared, datetime.now(UTC) - timedelta(hours=6)
    failing = day - timedelta(days=2)
    other = {"type": "api_actor", "api_key_id": "apikey_other"}
    bob = {"user_id": "user_bob", "user_email": "bob@example.com", "previous_role": None}
    records = [
        # With it, the late record is of a day that is complete, also early in the day.
        activity("first", day - timedelta(days=3), "claude_chat_created"),
        activity("withheld", failing, "claude_chat_created"),
        activity("read", day, "compliance_api_accessed", other, request_id="req_other"),
        activity("a1", day, "claude_user_role_updated", current_role="user", **bob),
        activity("a2", day + timedelta(hours=1), "api_key_created", api_key_id="apikey_01K", scopes=[]),
        *(upload(n, day, filename=f"{n}.pdf", title="Plan") for n in range(UPLOADS)),
    ]
    with LocalFeed(records=records, own_reads=True) as feed:
        environment = environment_of(feed, FEED_OVERLAP_MINUTES="600", SIEM_PATH=str(tmp_path / "siem"))
        feed.faults.add("error", times=0, status=400, covers=f"{failing:%Y-%m-%d}T12:00:00Z")
        result = run("refresh", path, environment, stages=UNPUBLISHED)
        assert not result.success
        assert "1 gap(s)" in failure_of(result)
        assert rows(path, "select count(*) from marts.activities where activity_id = 'withheld'") == [(0,)]
        stays = "select principal_id, role, is_current from marts.membership_periods"
        assert rows(path, stays) == [("user_bob", "user", True)]

        feed.faults.clear()
        feed.add(
            activity("a0", day - timedelta(hours=1), "claude_user_role_updated", current_role="developer", **bob)
        )
        ended = {"api_key_id": "apikey_01K", "api_key_name": "k", "scopes": []}
        feed.add(activity("a3", datetime.now(UTC), "scoped_api_key_deleted", **ended))
        feed.replace("a2", activity("a2", day + timedelta(hours=1), "api_key_created", api_key_id=None, scopes=[]))
        for number in range(UPLOADS):
            feed.replace(f"upload_{number}", upload(number, day, filename=""))
        with caplog.at_level(logging.INFO, logger="orchestration"):
            result = run("refresh", path, environment, stages=UNPUBLISHED)
        assert result.success
    found = metadata_of(result, "raw/activities")
    assert (found["late"], found["revised"]) == (1, 1 + UPLOADS)
    assert rows(path, "select count(*) from marts.activities where activity_id = 'withheld'") == [(1,)]
    since = (day - timedelta(hours=1)).replace(tzinfo=None)
    assert rows(path, "select role, valid_from from marts.membership_periods") == [("developer", since)]
    delivered = sorted(
        event["metadata"]["uid"] for event in events_in(tmp_path / "siem") if event["class_uid"] != 2004
    )
    assert delivered == [name for (name,) in rows(path, "select activity_id from marts.activities order by 1")]
    keys = "select key_id, status, created_by_email from marts.key_lifecycle where key_id = 'apikey_01K'"
    assert rows(path, keys) == [("apikey_01K", "deleted", "ada@example.com")]
    reads = dict(
        rows(
            path,
            "select is_own_read, count(*) from marts.activities "
            "where activity_type = 'compliance_api_accessed' group by 1",
        )
    )
    assert reads[False] == 1
    assert 1 <= reads[True] < rows(path, "select count(*) from raw.feed_requests")[0][0]
    # A rewrite of history is a row for each record, and one line in the log; what was stored first stays.
    revisions = rows(
        path,
        "select change_kind, changed_fields, count(*), count(distinct activity_id) from marts.activity_revisions "
        "where activity_type = 'claude_file_uploaded' group by all",
    )
    assert revisions == [("mixed", ["filename", "title"], UPLOADS, UPLOADS)]
    kept = rows(path, "select payload from marts.activities where activity_type = 'claude_file_uploaded'")
    assert {json.loads(text)["title"] for (text,) in kept} == {"Plan"}
    lines = [one.getMessage() for one in caplog.records if "other content" in one.getMessage()]
    assert lines == [
        "The feed gave 13 other content(s) for 13 known activities; what was stored first stays. "
        "Types: claude_file_uploaded (12), api_key_created (1). "
        "Fields: filename (12), title (12), api_key_id (1). See marts.activity_revisions."
    ]


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
