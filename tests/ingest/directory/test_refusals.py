"""Most of a list is gone at once, and no event says so: the walk is refused, and the second one believed."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from local_feed import LocalFeed
from orchestration.config.sources import Bounds
from orchestration.warehouse.connection import open_warehouse
from tests.conftest import Query
from tests.directories import ENTERPRISE, GROUP, LATEST, compliance_source, small_directory, walk_all, walks


@pytest.fixture
def feed() -> Iterator[LocalFeed]:
    with LocalFeed(records=[], directory=small_directory()) as feed:
        yield feed


def test_a_walk_that_loses_many_items_without_events_is_refused_once(feed, path: Path, query: Query):
    source = compliance_source(feed)
    walk_all(source, path)
    for n in range(10):
        feed.directory.remove("group_members", f"user_{n:02}", GROUP)
    report = walk_all(source, path)
    assert walks(query, "group_members")[-1] == ("refused", 10, 0, 0, 0)
    assert any("10 of 20 items are gone" in line for line in report.failures)
    assert len([row for row in query(LATEST) if row[0] == "group_members"]) == 20
    walk_all(source, path)
    assert walks(query, "group_members")[-1] == ("complete", 10, 0, 0, 10)


def test_a_list_that_is_whole_again_was_only_doubted(feed, path: Path, query: Query):
    source = compliance_source(feed)
    walk_all(source, path)
    feed.faults.add("empty_list", path="/members")
    walk_all(source, path)
    walk_all(source, path)
    assert [row[0] for row in walks(query, "group_members")] == ["complete", "refused", "complete"]
    assert walks(query, "group_members")[-1][2:] == (0, 0, 0)


@pytest.mark.parametrize(
    ("ago", "person", "status"),
    [
        (timedelta(0), "subject", "complete"),
        (timedelta(hours=2), "subject", "refused"),
        (timedelta(0), "actor", "refused"),
    ],
)
def test_what_events_name_may_be_gone(feed, path: Path, query: Query, ago: timedelta, person: str, status: str):
    source = compliance_source(feed)
    walk_all(source, path)
    with open_warehouse(path) as connection:
        for n in range(10):
            feed.directory.remove("group_members", f"user_{n:02}", GROUP)
            ids = {"actor": "user_x", "subject": "user_y"} | {person: f"user_{n:02}"}
            payload = {"id": f"a{n}", "actor": {"user_id": ids["actor"]}, "member_ids": [ids["subject"]]}
            connection.execute(
                "insert into raw.activities by name select ? as source, ? as activity_id, "
                "?::timestamp as created_at, ? as payload, 'x' as payload_sha256, 'e' as extract_id, "
                "current_timestamp::timestamp as ingested_at, ? as ingest_seq",
                ["parent", f"a{n}", datetime.now(UTC).replace(tzinfo=None) - ago, json.dumps(payload), n],
            )
    walk_all(source, path)
    assert walks(query, "group_members")[-1][0] == status


def test_few_items_and_small_shares_are_believed(feed, path: Path, query: Query):
    source = compliance_source(feed)
    walk_all(source, path)
    feed.directory.remove("group_members", "user_00", GROUP)
    feed.directory.remove("group_members", "user_01", GROUP)
    feed.directory.remove("settings", "web_search_enabled", ENTERPRISE)
    walk_all(source, path)
    assert walks(query, "group_members")[-1] == ("complete", 18, 0, 0, 2)
    feed.directory.remove("group_members", "user_02", GROUP)
    walk_all(source, path, bounds=Bounds(max_gone_percent=5))
    assert walks(query, "group_members")[-1][0] == "refused"
