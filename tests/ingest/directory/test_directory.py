"""The directory over real HTTP: every list that a key can read, each walk whole or nothing."""

import asyncio
import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from local_feed import LocalFeed
from local_feed.directory.endpoints import ORG_DATA
from orchestration.api.errors import FeedProtocolError
from orchestration.ingest.directory import lists as directory_lists
from orchestration.ingest.directory.lists import LISTS
from orchestration.ingest.directory.run import read_directories
from orchestration.ingest.directory.usage_reader import read_usage
from orchestration.ingest.directory.walk import Place
from orchestration.ingest.run import refresh
from orchestration.intervals import aware_utc
from orchestration.landing.walk import Walk
from orchestration.monitoring.own_reads import own_reads_come_back
from orchestration.warehouse.connection import open_warehouse
from tests.conftest import Query
from tests.directories import (
    CONSOLE,
    ENTERPRISE,
    GROUP,
    LATEST,
    admin_source,
    compliance_source,
    small_directory,
    walk_all,
    walks,
)


@pytest.fixture
def feed() -> Iterator[LocalFeed]:
    options = {"admin_organization": CONSOLE, "own_reads": True}
    with LocalFeed(records=[], directory=small_directory(), **options) as feed:
        yield feed


@pytest.fixture
def pages_of_twelve(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every list that comes in pages has many."""
    lists = tuple(
        replace(one, params={**one.params, "limit": "12"}) if "limit" in one.params else one
        for one in directory_lists.LISTS
    )
    monkeypatch.setattr("orchestration.ingest.directory.reader.LISTS", lists)


def expected(feed: LocalFeed, lists: dict[tuple[str, str | None], str]) -> set[tuple[Any, ...]]:
    """What the server holds of the lists, as rows; items are as they are sent."""
    found = set()
    for (name, parent), id_field in lists.items():
        for item in feed.directory.items(name, parent):
            item_id = "|".join(str(item[one]) for one in id_field.split("|"))
            text = json.dumps(item, ensure_ascii=False, separators=(",", ":"))
            found.add((name, None if name == "compliance_keys" else parent, item_id, text))
    return found


COMPLIANCE = {
    ("organizations", None): "uuid",
    ("users", ENTERPRISE): "id",
    ("users", CONSOLE): "id",
    ("settings", ENTERPRISE): "name",
    ("compliance_keys", None): "id",
    ("roles", ENTERPRISE): "id",
    ("role_permissions", "rbac_role_1"): "action|resource_type|resource_id",
    ("groups", None): "id",
    ("group_members", GROUP): "user_id",
    # The server says that a key of the parent reads the Admin API of its first organization.
    ("members", ENTERPRISE): "id",
}
ADMIN = {
    ("members", CONSOLE): "id",
    ("invites", CONSOLE): "id",
    ("workspaces", CONSOLE): "id",
    ("workspace_members", "wrkspc_1"): "user_id",
    ("api_keys", CONSOLE): "id",
}


def test_a_compliance_key_reads_the_compliance_lists_and_those_of_the_admin_api_that_its_scopes_open(
    feed, path: Path, query: Query
):
    report = walk_all(compliance_source(feed), path)
    assert set(query(LATEST)) == expected(feed, COMPLIANCE)
    assert report.failures == []
    assert not report.is_failure
    sentence = report.describe()
    assert sentence.startswith("parent: reads organizations, groups, ")
    assert report.unreadable == {}
    # The settings object holds two lists and is asked for once.
    assert sum(seen.path.endswith(f"{ENTERPRISE}/settings") for seen in feed.requests) == 1


def test_an_admin_key_reads_the_lists_of_its_organization_and_asks_for_no_other(feed, path: Path, query: Query):
    report = walk_all(admin_source(feed), path)
    state = {
        ("compliance_settings", CONSOLE, CONSOLE, '{"type":"compliance_settings","state":{"type":"enabled"}}')
    }
    assert set(query(LATEST)) == expected(feed, ADMIN) | state
    assert report.unreadable == {}
    assert all(seen.path.startswith("/v1/organizations") for seen in feed.requests)


def test_lists_of_many_pages_are_read_to_their_end(feed, path: Path, query: Query, pages_of_twelve):
    walk_all(compliance_source(feed), path)
    walk_all(admin_source(feed), path)
    rows = set(query(LATEST))
    assert expected(feed, COMPLIANCE) | expected(feed, ADMIN) <= rows
    assert query("select page_count from raw.directory_walks where list_name = 'users' and item_count = 30") == [
        (3,)
    ]


def test_only_changes_become_rows_and_bytes_are_as_received(feed, path: Path, query: Query):
    source = compliance_source(feed)
    walk_all(source, path)
    [(before,)] = query("select count(*) from raw.directory_items")
    feed.directory.modify("users", "user_05", ENTERPRISE, full_name="Ünï 💡")
    feed.directory.remove("groups", GROUP)
    walk_all(source, path)
    assert walks(query, "users")[-2:] == [("complete", 30, 0, 1, 0), ("complete", 1, 0, 0, 0)]
    assert walks(query, "groups")[-1] == ("complete", 0, 0, 0, 1)
    rows = query(
        "select item_id, is_present, payload, payload_sha256 from raw.directory_items where ingest_seq > ? "
        "order by ingest_seq",
        before,
    )
    assert [row[:2] for row in rows] == [(GROUP, False), ("user_05", True)]
    assert rows[0][2:] == (None, None)
    assert "Ünï 💡" in rows[1][2]
    assert rows[1][3] == hashlib.sha256(rows[1][2].encode()).hexdigest()


def test_the_hash_of_a_walk_is_over_the_hashes_of_its_items_by_id(feed, path: Path, query: Query):
    walk_all(compliance_source(feed), path)
    texts = sorted((row[2], row[3]) for row in query(LATEST) if row[:2] == ("users", ENTERPRISE))
    content = "".join(hashlib.sha256(text.encode()).hexdigest() for _, text in texts)
    assert query(
        "select content_sha256 from raw.directory_walks where list_name = 'users' and parent_id = ?", ENTERPRISE
    ) == [(hashlib.sha256(content.encode()).hexdigest(),)]


def test_walks_are_numbered_in_the_order_of_their_commits(feed, path: Path, query: Query):
    for _ in range(2):
        walk_all(compliance_source(feed), path)
    numbers = [number for (number,) in query("select walk_seq from raw.directory_walks order by walk_seq")]
    assert numbers == list(range(1, len(numbers) + 1))
    seqs = [number for (number,) in query("select ingest_seq from raw.directory_items order by ingest_seq")]
    assert seqs == list(range(1, len(seqs) + 1))


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("error", {"status": 404, "skip": 1}),
        ("error", {"status": 403, "skip": 1}),
        ("error", {"status": 400, "skip": 1}),
        ("cursor_refused", {"skip": 1}),
        ("same_cursor", {"skip": 1}),
        ("no_cursor", {}),
        ("null_field", {"field": "id"}),
        ("body", {"body": "[]", "times": 0}),
        # What Python and the engine would read differently, or not at all.
        *[
            ("body", {"body": f'{{"data": [{item}], "has_more": false}}', "times": 0})
            for item in ('{"id": "user_00", "id": "user_01"}', '{"id": {"a": 1}}', '{"id": 1e5}', '{"id": true}')
        ],
    ],
)
def test_a_walk_that_fails_says_nothing(feed, path: Path, query: Query, pages_of_twelve, kind: str, options: Any):
    source = compliance_source(feed)
    walk_all(source, path)
    before = query(LATEST)
    feed.faults.add(kind, path=f"{ENTERPRISE}/users", **options)
    report = walk_all(source, path)
    assert walks(query, "users")[2:] in (
        [("complete", 1, 0, 0, 0), ("failed", walks(query, "users")[3][1], 0, 0, 0)],
        [("failed", walks(query, "users")[2][1], 0, 0, 0), ("complete", 1, 0, 0, 0)],
    )
    assert sorted(query(LATEST)) == sorted(before)
    assert not report.is_failure
    assert [line for line in report.failures if f"users of {ENTERPRISE} failed" in line]
    [(content, error)] = query("select content_sha256, error from raw.directory_walks where status = 'failed'")
    assert content is None
    assert feed.directory_key not in error
    feed.faults.clear()
    walk_all(source, path)
    assert walks(query, "users")[-1][0] == "complete"


@pytest.mark.parametrize("kind", ["short_page", "empty_page"])
def test_short_and_empty_pages_are_not_the_end(feed, path: Path, query: Query, pages_of_twelve, kind: str):
    feed.faults.add(kind, times=4, path=f"{ENTERPRISE}/users")
    walk_all(compliance_source(feed), path)
    assert ("complete", 30, 30, 0, 0) in walks(query, "users")


def test_an_item_that_comes_twice_is_counted_twice_and_stored_once(feed, path: Path, query: Query):
    feed.faults.add("duplicate_in_page", path=f"{ENTERPRISE}/users")
    walk_all(compliance_source(feed), path)
    assert ("complete", 31, 30, 0, 0) in walks(query, "users")


def test_a_list_that_the_key_may_not_read_is_no_failure(path: Path, query: Query):
    with LocalFeed(records=[], directory=small_directory(), directory_scopes=(ORG_DATA,)) as feed:
        report = walk_all(compliance_source(feed), path)
    assert not report.is_failure
    assert report.failures == []
    assert report.unreadable.keys() == {"users", "group_members", "me", "members"}
    assert "Needed: read:compliance_user_data" in report.describe()
    assert query("select distinct list_name from raw.directory_walks order by 1") == [
        (name,) for name in ("compliance_keys", "groups", "organizations", "role_permissions", "roles", "settings")
    ]


def test_what_was_read_before_and_is_refused_now_is_a_failed_walk(feed, path: Path, query: Query):
    source = compliance_source(feed)
    walk_all(source, path)
    before = query(LATEST)
    feed.faults.add("error", times=0, status=403, path="/users")
    report = walk_all(source, path)
    assert {status for status, *_ in walks(query, "users")[2:]} == {"failed"}
    assert sorted(query(LATEST)) == sorted(before)
    assert report.count("failed") >= 1


def test_a_server_without_a_directory_is_no_failure(path: Path):
    with LocalFeed(records=[]) as feed:
        report = walk_all(compliance_source(feed, key=SecretStr(feed.key)), path)
    assert not report.is_failure
    assert report.describe().startswith("parent: reads nothing of the directory; not organizations: ")


def test_a_wrong_key_is_a_failure_and_is_not_shown(feed, path: Path):
    report = walk_all(compliance_source(feed), path)
    assert not report.is_failure
    run = read_directories([replace(compliance_source(feed), key=SecretStr("sk-ant-api01-wrong"))], path)
    assert run.is_failure
    assert "refused the key" in " ".join(run.failures)
    assert "sk-ant-api01-wrong" not in " ".join(run.failures)


def test_a_source_can_be_left_out(feed, path: Path):
    report = walk_all(compliance_source(feed, directory=False), path)
    assert report.walks == []
    assert "is not read" in report.describe()
    assert feed.requests == []


def test_own_reads_of_the_directory_come_back_in_the_feed(feed, path: Path):
    source = compliance_source(feed)
    walk_all(source, path)
    read = sum(one.path.startswith("/v1/compliance") and one.status == 200 for one in feed.requests)
    refresh(source, path)
    with open_warehouse(path) as connection:
        result = own_reads_come_back(connection, datetime.now(UTC), timedelta(0))
    assert result.holds
    assert result.figures["parent: seen"] >= read > 0


def test_reads_of_the_compliance_api_are_kept_by_their_request_ids(feed, path: Path, query: Query):
    walk_all(compliance_source(feed), path)
    seen = {one.request_id for one in feed.requests if one.path.startswith("/v1/compliance")}
    assert {name for (name,) in query("select request_id from raw.feed_requests")} == seen


def test_an_admin_api_that_does_not_know_the_key_is_no_failure(feed, path: Path):
    feed.faults.add("error", times=0, status=401, path="/v1/organizations")
    report = walk_all(compliance_source(feed), path)
    assert report.failures == []
    assert report.unreadable.keys() == {"me"}
    assert report.count("complete") == 11


@pytest.mark.parametrize("ahead", [timedelta(hours=12), timedelta(hours=-12), timedelta(days=800)])
def test_walks_have_the_time_of_the_apis_clock(feed, path: Path, query: Query, ahead: timedelta):
    """If ours was wrong once, what was observed then would be newer or older than everything observed since."""
    now = datetime.now(UTC)
    feed.faults.add("headers", path="/", times=0, headers={"date": format_datetime(now - ahead, usegmt=True)})
    report = walk_all(compliance_source(feed), path)
    if ahead > timedelta(days=1):
        assert "800 days apart" in str(report.error)
        assert query("select count(*) from raw.directory_items") == [(0,)]
        return
    [(first, last)] = query("select min(observed_at), max(observed_at) from raw.directory_items")
    assert abs(aware_utc(first) - (now - ahead)) < timedelta(minutes=5)
    assert abs(aware_utc(last) - (now - ahead)) < timedelta(minutes=5)


@pytest.mark.parametrize(
    "row",
    [
        {"output_tokens": "5"}, {"output_tokens": 2**63}, {"output_tokens": -1}, {"output_tokens": 1.5},
        {"api_key_id": 5}, {"model": ["m"]}, {"cache_creation": [1]}, {"cache_creation": {"a": "1"}},
    ],
)  # fmt: skip
@pytest.mark.parametrize("day", ["2026-05-01T00:00:00Z", "2026-05-01T00:00:00"])
def test_a_usage_report_that_is_not_as_documented_is_refused(row: dict, day: str):
    asked, walk = date(2026, 5, 1), Walk(source="test", list_name="usage", parent_id="2026-05-01")
    place = Place(next(one for one in LISTS if one.name == "usage"), {"me": "org"})

    def read(**bucket: Any) -> None:
        body = json.dumps({"data": [{"starting_at": day, **bucket}], "has_more": False})

        async def get(endpoint: Any, params: Any) -> Any:
            return endpoint.cut(body.encode())

        asyncio.run(read_usage(get, place, {asked: walk}))

    with pytest.raises(FeedProtocolError, match="usage report holds what cannot be read"):
        read(results=[row])
    with pytest.raises(FeedProtocolError, match="without a readable time"):
        read(results=[], starting_at="0001-01-01T00:00:00+14:00")
    read(results=[{"api_key_id": "k", "output_tokens": 5, "cache_creation": {"a": 1}}])
    assert list(walk.items) == ["k||"]
