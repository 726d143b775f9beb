"""Covered days read again: late and changed records of old days are found, in turn and within a budget."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from local_feed import LocalFeed
from orchestration.config.sources import Bounds, Source
from orchestration.ingest.covered_days import covered_days
from orchestration.ingest.report import SourceReport
from orchestration.ingest.run import read_all, refresh
from orchestration.intervals import Interval
from orchestration.warehouse.connection import open_warehouse
from orchestration.warehouse.ledger import unproven
from tests.conftest import Query, source_of
from tests.histories import activity

# The feed's clock, which the run follows, stands still: not in a day's first hour, and at most half a day
# behind.
_STARTED_AT = datetime.now(UTC)
TODAY = (_STARTED_AT - timedelta(hours=2)).replace(hour=0, minute=0, second=0, microsecond=0)
FEED_TIME = TODAY + max(timedelta(hours=1), _STARTED_AT - TODAY - timedelta(hours=12))
DAY_COUNT = 12
BOUNDS = Bounds(reconcile_days=2, reconcile_requests=3, reconcile_every=timedelta(days=1))


def record(name: str, days_ago: int, **fields: Any) -> dict[str, Any]:
    return activity(name, TODAY - timedelta(days=days_ago) + timedelta(hours=9), **fields)


@pytest.fixture
def feed() -> Iterator[LocalFeed]:
    """One record a day, on each of the last days but today."""
    records = [record(f"activity_{n:02}", n) for n in range(1, DAY_COUNT + 1)]
    with LocalFeed(records=records, clock=FEED_TIME.timestamp) as feed:
        yield feed


def reconcile(source: Source, path: Path, bounds: Bounds = BOUNDS) -> SourceReport:
    [report] = read_all([source], path, bounds=bounds, is_reconcile=True).reports
    return report


def days_ago(report: SourceReport) -> list[int]:
    """How many days ago each read day was, in the order in which they were read."""
    return [
        (TODAY - extract.time_slice.start).days for extract in report.extracts if extract.time_slice.start < TODAY
    ]


def test_a_range_of_days_is_read_again_and_nothing_else(feed, path: Path):
    source = source_of(feed, concurrency=1)
    refresh(source, path)
    feed.add(record("activity_late", 8, action="late"))
    within = Interval(TODAY - timedelta(days=9), TODAY - timedelta(days=5))
    [report] = read_all([source], path, bounds=BOUNDS, is_reconcile=True, within=within).reports
    assert days_ago(report) == [6, 7, 8, 9]
    assert report.total("late_count") == 1
    before = Interval(TODAY - timedelta(days=99), TODAY - timedelta(days=90))
    [report] = read_all([source], path, bounds=BOUNDS, is_reconcile=True, within=before).reports
    assert report.extracts == []
    assert "nothing of it is read again" in report.describe()


def test_the_last_days_and_a_night_s_share_of_older_ones_are_read_again(feed, path: Path, query: Query):
    source = source_of(feed, concurrency=1)
    refresh(source, path)
    report = reconcile(source, path)
    # Three requests are three days: they were read one after the other, newest first.
    assert days_ago(report) == [1, 2, 3, 4, 5]
    assert report.is_complete
    assert report.describe_failures() == ""
    assert report.total("inserted_count") == 0
    assert report.notes == ["Walking all of history again takes 4 nights, not 1: raise FEED_RECONCILE_REQUESTS."]
    assert query(
        "select distinct kind from raw.extracts where started_at >= ?",
        report.extracts[0].started_at.replace(tzinfo=None),
    ) == [("reconcile",)]


def test_night_after_night_every_day_has_its_turn_before_one_has_a_second(feed, path: Path):
    source = source_of(feed, concurrency=1)
    refresh(source, path)
    older: list[int] = []
    for _ in range(4):
        before = len(feed.requests)
        extracted = days_ago(reconcile(source, path))
        older += extracted[2:]
        # Today's part, the last two days, the older ones, and the question that tries the key.
        assert len(feed.requests) - before <= 1 + 1 + 2 + BOUNDS.reconcile_requests
    assert sorted(older[: DAY_COUNT - 2]) == list(range(3, DAY_COUNT + 1))
    assert older[DAY_COUNT - 2 :] == older[: len(older) - (DAY_COUNT - 2)]


def test_a_record_that_was_added_deep_in_history_is_found_and_late(feed, path: Path, query: Query):
    source = source_of(feed)
    refresh(source, path)
    feed.add(record("activity_deep", 9))
    assert refresh(source, path).total("inserted_count") == 0
    found = [reconcile(source, path) for _ in range(4)]
    assert sum(report.total("late_count") for report in found) == 1
    assert query(
        "select activity_id, is_late, kind, late_count from raw.activities join raw.extracts using (extract_id) "
        "where is_late"
    ) == [("activity_deep", True, "reconcile", 1)]
    assert query("select count(*), count(distinct activity_id) from raw.activities") == [(13, 13)]


def test_a_record_that_changed_in_an_old_day_becomes_a_revision(feed, path: Path, query: Query):
    source = source_of(feed)
    refresh(source, path)
    first = feed.served["activity_09"]
    feed.replace("activity_09", record("activity_09", 9, type="y"))
    found = [reconcile(source, path, replace(BOUNDS, reconcile_requests=99)) for _ in range(2)]
    assert sum(report.total("revision_count") for report in found) == 1
    hashes = query(
        "select activities.payload_sha256, revisions.payload_sha256, activities.payload "
        "from raw.activity_revisions as revisions join raw.activities using (source, activity_id)"
    )
    assert hashes == [
        (hashlib.sha256(first).hexdigest(), hashlib.sha256(feed.served["activity_09"]).hexdigest(), first.decode())
    ]


def test_when_the_requests_are_used_up_the_rest_waits_for_the_next_night(feed, path: Path, query: Query):
    source = source_of(feed, page_size=1, concurrency=1)
    refresh(source, path)
    # Twice as many as the ledger knew of: each of these days takes more requests than planned.
    for n in range(3, DAY_COUNT + 1):
        for extra in range(4):
            feed.add(record(f"activity_{n:02}_{extra}", n))
    first = reconcile(source, path, replace(BOUNDS, reconcile_requests=8))
    assert 0 < len(first.left) < len(first.due)
    assert not first.is_failure
    assert first.describe_failures() == ""
    assert "left to the next run" in first.describe()
    second = reconcile(source, path, replace(BOUNDS, reconcile_requests=99))
    assert days_ago(second)[2] == (TODAY - first.left[0].start).days
    assert second.is_complete
    assert query("select count(distinct activity_id) from raw.activities") == [(len(feed),)]


def test_an_extract_that_fails_is_repeated_by_the_next_refresh(feed, path: Path):
    source = source_of(feed)
    refresh(source, path)
    day = (TODAY - timedelta(days=1)).date().isoformat()
    feed.faults.add("error", times=0, status=400, covers=f"{day}T12:00:00Z")
    report = reconcile(source, path)
    assert len(report.failures) == 1
    feed.faults.clear()
    refresh(source, path)
    with open_warehouse(path) as connection:
        assert unproven(connection, "test") == {}


def test_the_ledger_shows_when_each_day_was_last_read_in_full(feed, path: Path):
    source = source_of(feed, start=TODAY - timedelta(days=3) + timedelta(hours=5))
    refresh(source, path)
    with open_warehouse(path) as connection:
        days = covered_days(connection, "test")
        [(extracted,)] = connection.execute(
            "select max(started_at) from raw.extracts where kind = 'backfill'"
        ).fetchall()
    assert [(TODAY - day.interval.start) // timedelta(hours=1) for day in days] == [67, 48, 24, 0]
    assert [day.record_count for day in days] == [1, 1, 1, 0]
    assert max(day.extracted_at for day in days) == extracted.replace(tzinfo=UTC)
    report = reconcile(source, path, replace(BOUNDS, reconcile_days=9))
    assert len(report.extracts) == 4
    with open_warehouse(path) as connection:
        again = covered_days(connection, "test")
    assert all(new.extracted_at > old.extracted_at for old, new in zip(days, again, strict=True))
