"""What the directory may cost: the feed goes first, each API has its own budget, and no list starves."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from local_feed import LocalFeed
from local_feed.directory.usage import Usage, UsageRow
from orchestration.config.sources import Bounds
from tests.conftest import Query
from tests.directories import CONSOLE, GROUP, admin_source, compliance_source, small_directory, walk_all

TODAY = datetime.now(UTC).date()
YESTERDAY = TODAY - timedelta(days=1)


def test_the_directory_stops_where_the_feed_needs_what_is_left(path: Path, query: Query):
    with LocalFeed(records=[], directory=small_directory(), requests_per_minute=8) as feed:
        report = walk_all(compliance_source(feed), path)
        # Of 8 requests 6 may be spent; after the seventh less than a quarter is left.
        assert sum(seen.path.startswith("/v1/compliance") for seen in feed.requests) == 7
        assert report.failures == []
        assert "requests are left, for the feed" in report.describe()
        assert not report.is_failure
    assert query("select count(*) from raw.directory_walks where status <> 'complete'") == [(0,)]


def test_what_a_run_left_out_is_read_first_by_the_next(path: Path, query: Query):
    directory = small_directory()
    names = set()
    for _ in range(3):
        with LocalFeed(records=[], directory=directory, requests_per_minute=8) as feed:
            walk_all(compliance_source(feed), path)
        names = {name for (name,) in query("select distinct list_name from raw.directory_walks")}
    assert names >= {
        "organizations", "groups", "users", "settings", "compliance_keys", "roles", "group_members",
        "role_permissions",
    }  # fmt: skip


def test_a_run_whose_time_is_up_ends_cleanly(path: Path):
    with LocalFeed(records=[], directory=small_directory()) as feed:
        report = walk_all(compliance_source(feed), path, bounds=Bounds(backfill_time=timedelta(0)))
    assert (report.walks, report.failures) == ([], [])
    assert "time of the run" in report.describe()


def test_the_admin_api_has_a_budget_of_its_own(path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("orchestration.api.rate_limit.WINDOW_SECONDS", 0.5)
    with LocalFeed(records=[], directory=small_directory(), admin_organization=CONSOLE) as feed:
        walk_all(admin_source(feed, admin_requests_per_minute=3), path)
        sent = [seen.at for seen in feed.requests]
    assert len(sent) == 10
    assert all(later - earlier >= 0.45 for earlier, later in zip(sent, sent[3:], strict=False))


def test_a_directory_that_is_down_is_left_after_a_few_walks(path: Path, query: Query):
    with LocalFeed(records=[], directory=small_directory()) as feed:
        feed.faults.add("error", times=0, status=500, path="/v1/")
        began = time.monotonic()
        report = walk_all(compliance_source(feed), path)
        assert time.monotonic() - began < 30
    assert report.is_failure
    assert "could not be read" in " ".join(report.failures)
    assert {status for (status,) in query("select status from raw.directory_walks")} == {"failed"}


@pytest.fixture
def usage() -> Usage:
    made = Usage()
    made.add(
        CONSOLE,
        str(YESTERDAY),
        UsageRow("apikey_1", "wrkspc_1", uncached_input_tokens=5, ephemeral_1h_input_tokens=2, output_tokens=7),
        UsageRow("apikey_1", "wrkspc_1", ephemeral_5m_input_tokens=1, cache_read_input_tokens=4),
        UsageRow(None, output_tokens=1),
    )
    made.add(CONSOLE, str(TODAY), UsageRow("apikey_1", output_tokens=100))
    made.add(CONSOLE, str(TODAY - timedelta(days=80)), UsageRow("apikey_1", output_tokens=9))
    return made


def test_usage_is_stored_by_closed_day_and_again_where_it_was_revised(path: Path, query: Query, usage: Usage):
    rows = (
        "select api_key_id, workspace_id, model, uncached_input_token_count, cache_read_token_count, "
        "cache_creation_token_count, output_token_count, usage_version from raw.key_usage "
        "where usage_date = ?::date order by ingest_seq"
    )
    model = "claude-opus-4-6"
    first = [("apikey_1", "wrkspc_1", model, 5, 4, 3, 7, 1), (None, None, model, 0, 0, 0, 1, 1)]
    with LocalFeed(records=[], directory=small_directory(usage=usage), admin_organization=CONSOLE) as feed:
        source = admin_source(feed)
        walk_all(source, path)
        assert query(rows, str(YESTERDAY)) == first
        assert query("select count(distinct usage_date), max(usage_date) from raw.key_usage") == [(2, YESTERDAY)]
        assert query("select count(*) from raw.directory_walks where list_name = 'usage'") == [(90,)]
        walk_all(source, path)
        assert query(rows, str(YESTERDAY)) == first
        walked = "select parent_id, new_count from raw.directory_walks where list_name = 'usage' order by walk_seq"
        days = [str(TODAY - timedelta(days=ago)) for ago in (3, 2, 1)]
        assert query(walked)[90:] == [(day, 0) for day in days]
        usage.replace(CONSOLE, str(YESTERDAY), UsageRow("apikey_1", "wrkspc_1", output_tokens=8))
        walk_all(source, path)
        assert query(rows, str(YESTERDAY)) == [*first, ("apikey_1", "wrkspc_1", model, 0, 0, 0, 8, 2)]


def test_a_usage_report_that_fails_is_one_failed_walk(path: Path, query: Query, usage: Usage):
    with LocalFeed(records=[], directory=small_directory(usage=usage), admin_organization=CONSOLE) as feed:
        feed.faults.add("error", status=400, skip=1, path="usage_report")
        report = walk_all(admin_source(feed), path)
        assert query("select status from raw.directory_walks where list_name = 'usage'") == [("failed",)]
        assert query("select count(*) from raw.key_usage") == [(0,)]
        assert not report.is_failure
        walk_all(admin_source(feed), path)
    assert query("select count(*) from raw.key_usage") == [(3,)]


def test_an_id_cannot_lead_elsewhere(path: Path, query: Query):
    directory = small_directory()
    directory.add("groups", id="../users?x=1", name="odd")
    with LocalFeed(records=[], directory=directory) as feed:
        report = walk_all(compliance_source(feed), path)
        assert not [seen for seen in feed.requests if "x=1" in seen.query]
    assert [line for line in report.failures if "group_members of ../users?x=1 failed" in line]
    assert query(
        "select status from raw.directory_walks where list_name = 'group_members' and parent_id = ?", GROUP
    )


def test_a_key_that_is_sent_back_is_stored_nowhere(path: Path, query: Query):
    with LocalFeed(records=[], directory=small_directory()) as feed:
        feed.faults.add("given_cursor", message=feed.directory_key, path="/groups")
        report = walk_all(compliance_source(feed), path)
        assert "sends the key back" in str(report.error)
        assert feed.directory_key not in str(report.error) + report.describe()
        rows = query("select * from raw.directory_walks") + query("select * from raw.directory_items")
        assert feed.directory_key not in repr(rows)
