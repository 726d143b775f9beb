"""Several sources in one run: side by side, each for itself, one budget where they share it; history in parts."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import SecretStr

from local_feed import LocalFeed
from orchestration.api.errors import FeedError, KeyRefused
from orchestration.config.sources import Bounds, Source
from orchestration.ingest import feed_reader, run
from orchestration.ingest.run import read_all, refresh
from orchestration.monitoring.ledger_checks import every_source_is_read
from orchestration.warehouse.connection import open_warehouse
from orchestration.warehouse.errors import WarehouseError
from orchestration.warehouse.ledger import coverage, unproven
from tests.conftest import Query, source_of
from tests.histories import activity

NOW = datetime.now(UTC).replace(microsecond=0)
NO_TIME = Bounds(backfill_time=timedelta(0))


@pytest.fixture
def feed() -> Iterator[LocalFeed]:
    """Forty records, one every six hours; every fourth belongs to the organization that the admin key sees."""
    records = [
        activity(
            f"activity_{n:03}", NOW - timedelta(hours=1 + 6 * n), organization_uuid=["org-a", "org-b"][n % 4 == 0]
        )
        for n in range(40)
    ]
    with LocalFeed(records=records, admin_organization="org-b") as feed:
        yield feed


def pair(feed: LocalFeed, **changes: Any) -> tuple[Source, Source]:
    """The feed as the compliance key sees it, and as the admin key does."""
    parent = source_of(feed, name="parent", **changes)
    return parent, replace(parent, name="console", key=SecretStr(feed.admin_key))


def stored(query: Query, source: str) -> list[str]:
    found = query("select activity_id from raw.activities where source = ? order by 1", source)
    return [activity_id for (activity_id,) in found]


def test_each_source_has_its_own_rows_ledger_and_report(feed, path: Path, query: Query):
    run = read_all(pair(feed), path, run_id="run-1")
    assert [(report.source, report.is_complete) for report in run.reports] == [("parent", True), ("console", True)]
    assert len(stored(query, "parent")) == 40
    assert stored(query, "console") == [f"activity_{n:03}" for n in range(0, 40, 4)]
    assert run.total("inserted_count") == 50
    assert run.describe_failures() == ""
    with open_warehouse(path) as connection:
        for report in run.reports:
            [time_slice] = coverage(connection, report.source)
            assert (time_slice.start, time_slice.end) == (report.history_start, report.horizon)


def test_extracts_of_two_sources_run_at_the_same_time(feed, path: Path, query: Query):
    feed.faults.add("latency", times=0, seconds=0.03)
    read_all(pair(feed, concurrency=1), path)
    spans = query("select source, min(started_at), max(finished_at) from raw.extracts group by 1 order by 1")
    (_, began, ended), (_, other_began, other_ended) = spans
    assert max(began, other_began) < min(ended, other_ended)


@pytest.mark.parametrize(
    ("broken", "sentence"),
    [
        ({"key": SecretStr("sk-ant-api01-no")}, "refused the key"),
        ({"url": "http://127.0.0.1:1"}, "could not be read"),
        ({"fault": "sources.toml: source broken: key_variable: A_KEY is not set."}, "A_KEY is not set"),
    ],
    ids=["bad key", "unreachable", "no key"],
)
def test_a_source_that_fails_does_not_hold_up_the_others(
    feed, path: Path, query: Query, broken: dict[str, Any], sentence: str
):
    parent, console = pair(feed)
    run = read_all([replace(parent, name="broken", **broken), parent, console], path)
    assert [report.is_complete for report in run.reports] == [False, True, True]
    assert not run.is_failure
    assert isinstance(run.reports[0].error, FeedError)
    assert run.describe_failures().startswith("broken: ")
    assert sentence in run.describe_failures()
    assert len(stored(query, "parent")) == 40
    assert len(stored(query, "console")) == 10
    assert query("select count(*) from raw.extracts where source = 'broken'") == [(0,)]
    with open_warehouse(path) as connection:
        check_result = every_source_is_read(connection, datetime.now(UTC))
    assert check_result.is_failure
    assert check_result.sentence.startswith("broken: ")
    assert sentence in check_result.sentence


def test_a_source_of_another_host_is_refused_alone(feed, path: Path, query: Query):
    parent, console = pair(feed)
    refresh(parent, path)
    run = read_all([replace(parent, url="https://api.anthropic.com"), console], path)
    assert isinstance(run.reports[0].error, WarehouseError)
    assert run.reports[1].is_complete
    state = query("select feed_host, last_error like '%filled from loopback%' from raw.sources order by source")
    assert state == [("loopback", None), ("loopback", True)]


def test_a_run_in_which_every_source_fails_is_a_failure_with_a_sentence_for_each(feed, path: Path):
    bad = [replace(source, key=SecretStr("sk-ant-api01-no")) for source in pair(feed)]
    run = read_all(bad, path)
    assert run.is_failure
    assert [line.split(":")[0] for line in run.describe_failures().splitlines()] == ["parent", "console"]
    with pytest.raises(KeyRefused):
        refresh(bad[0], path)


def test_raw_sources_has_how_each_source_is_read_and_how_that_went(feed, path: Path, query: Query):
    parent, console = pair(feed, settle=timedelta(seconds=2), overlap=timedelta(minutes=3))
    first = read_all([parent, console], path)
    rows = query(
        "select source, feed_host, settle_seconds, overlap_seconds, last_error from raw.sources order by 1"
    )
    assert rows == [("console", "loopback", 2, 180, None), ("parent", "loopback", 2, 180, None)]
    state = "select history_start, last_horizon, last_error from raw.sources where source = 'parent'"
    begun = first.reports[0]
    assert query(state) == [(begun.history_start.replace(tzinfo=None), begun.horizon.replace(tzinfo=None), None)]
    read_all([replace(parent, key=SecretStr("sk-ant-api01-no")), console], path)
    [(history_start, horizon, error)] = query(state)
    assert (history_start, horizon) == query(state)[0][:2]
    assert (history_start.replace(tzinfo=UTC), horizon.replace(tzinfo=UTC)) == (begun.history_start, begun.horizon)
    assert "refused the key" in error
    read_all([parent, console], path)
    assert query(state)[0][2] is None
    everything = query("select string_agg(sources::varchar, '') from raw.sources")[0][0]
    assert feed.key not in everything
    assert "sk-ant" not in everything


@pytest.mark.parametrize("budget", ["parent", None])
def test_sources_that_share_a_budget_count_their_requests_together(
    feed, path: Path, monkeypatch: pytest.MonkeyPatch, budget: str | None
):
    # Time passes only while the budget waits.
    now = [0.0]

    async def sleep(seconds: float) -> None:
        now[0] += seconds
        await asyncio.sleep(0)

    loop = SimpleNamespace(time=lambda: now[0])
    monkeypatch.setattr(
        "orchestration.api.rate_limit.asyncio",
        SimpleNamespace(Lock=asyncio.Lock, Event=asyncio.Event, sleep=sleep, get_running_loop=lambda: loop),
    )
    run = read_all(
        pair(feed, budget=budget, requests_per_minute=30, page_size=3, start=NOW - timedelta(days=14)), path
    )
    asked = [report.request_count for report in run.reports]
    assert max(asked) <= 30 < sum(asked) == len(feed.requests)
    assert all(report.is_complete for report in run.reports)
    assert run.waited_seconds == (60.0 if budget else 0.0)


def test_a_bounded_run_reads_the_newest_days_and_the_next_ones_go_on(feed, path: Path, query: Query):
    source = source_of(feed, concurrency=1, start=NOW - timedelta(days=3))
    report = refresh(source, path, bounds=NO_TIME)
    day_count = len(report.due)
    assert [extract.time_slice for extract in report.extracts] == report.due[:1]
    assert report.left == report.due[1:]
    assert report.describe_failures() == ""
    assert f"1 of {day_count} slices complete, {day_count - 1} left to the next run" in report.describe()
    starts = [query("select min(created_at) from raw.activities")[0][0]]
    for _ in range(day_count - 1):
        report = refresh(source, path, bounds=NO_TIME)
        starts.append(query("select min(created_at) from raw.activities")[0][0])
        with open_warehouse(path) as connection:
            assert len(coverage(connection, "test")) == 1
            assert unproven(connection, "test") == {}
        assert report.history_start.replace(tzinfo=None) == query("select history_start from raw.sources")[0][0]
    # Soon after midnight the newest day has nothing yet.
    found = [start for start in starts if start]
    assert found == sorted(found, reverse=True)
    assert len(set(found)) > 1
    assert report.left == []
    assert query("select count(*), count(distinct activity_id) from raw.activities") == [(12, 12)]


def test_the_tail_comes_first_and_is_read_when_the_time_is_up(feed, path: Path, query: Query):
    source = source_of(feed, concurrency=1, start=NOW - timedelta(days=5))
    refresh(source, path, bounds=NO_TIME)
    # Later than the horizon of the run before, and before that of the next one.
    feed.add(activity("activity_new", NOW) | {"created_at": datetime.now(UTC).isoformat()})
    report = refresh(source, path, bounds=NO_TIME)
    kinds = [str(extract.time_slice.kind) for extract in report.extracts]
    assert kinds[0] == "incremental"
    assert kinds.count("backfill") == 1
    assert report.left
    assert ("activity_new",) in query("select activity_id from raw.activities")


def test_a_hole_in_covered_time_is_closed_when_the_time_is_up(feed, path: Path):
    source = source_of(feed, start=NOW - timedelta(days=6))
    day = (NOW - timedelta(days=2)).date().isoformat()
    feed.faults.add("error", times=0, status=400, covers=f"{day}T12:00:00Z")
    assert len(refresh(source, path).failures) == 1
    feed.faults.clear()
    refresh(source, path, bounds=NO_TIME)
    with open_warehouse(path) as connection:
        assert len(coverage(connection, "test")) == 1
        assert unproven(connection, "test") == {}


def test_days_that_are_under_way_when_the_time_is_up_are_landed(
    feed, path: Path, query: Query, monkeypatch: pytest.MonkeyPatch
):
    # This run's clock counts requests: after the sixth its time is up.
    clock = SimpleNamespace(monotonic=lambda: float(len(feed.requests)))
    monkeypatch.setattr(run, "time", clock)
    monkeypatch.setattr(feed_reader, "time", clock)
    source = source_of(feed, concurrency=3, page_size=1, start=NOW - timedelta(days=300))
    report = refresh(source, path, bounds=Bounds(backfill_time=timedelta(seconds=6)))
    assert report.left
    assert report.failures == []
    assert len(report.extracts) + len(report.left) == len(report.due)
    assert query("select count(*) from raw.extracts where status = 'complete'") == [(len(report.extracts),)]
