"""Own reads over real HTTP: each must come back, and one that does not is reported."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from local_feed import LocalFeed
from orchestration.ingest.run import refresh
from orchestration.monitoring.check_result import CheckResult
from orchestration.monitoring.own_reads import own_reads_come_back
from orchestration.warehouse.connection import open_warehouse
from tests.conftest import source_of

RECORDS = [
    {"id": "activity_1", "created_at": "2020-01-01T00:00:00Z", "type": "x", "actor": {"type": "system_actor"}}
]
START = {"start": datetime.now(UTC) - timedelta(days=2), "overlap": timedelta(hours=1)}


def evaluated(path: Path, *, hours: float = 0, sql: str = "") -> CheckResult:
    """The result, after `sql`, on reads as if each had been asked `hours` earlier, in covered time."""
    with open_warehouse(path) as connection:
        connection.execute(f"update raw.feed_requests set requested_at = requested_at - interval {hours} hours")
        if sql:
            connection.execute(sql)
        return own_reads_come_back(connection, datetime.now(UTC))


def test_reads_come_back_with_the_next_refresh(path: Path):
    with LocalFeed(records=RECORDS, own_reads=True) as feed:
        refresh(source_of(feed, **START), path)
        first = evaluated(path)
        refresh(source_of(feed, **START), path)
        second = evaluated(path)
    assert first.holds
    assert first.figures["test: seen"] == 0
    assert second.holds
    seen = second.figures["test: seen"]
    assert 0 < seen < second.figures["test: asked"]
    assert second.figures["test: share seen"] == 1.0
    assert 0 <= second.figures["test: seconds stamped_p50"] <= second.figures["test: seconds stored_max"] < 60
    assert f"test: {seen} own read(s) came back" in second.sentence


def test_reads_that_are_indexed_late_come_back_late(path: Path):
    hours_passed = [0]
    with LocalFeed(
        records=RECORDS, own_reads=True, index_delay=3600, clock=lambda: time.time() + 3600 * hours_passed[0]
    ) as feed:
        refresh(source_of(feed, **START), path)
        refresh(source_of(feed, **START), path)
        before = evaluated(path)
        hours_passed[0] = 1
        report = refresh(source_of(feed, **START), path)
    assert (before.holds, before.figures["test: seen"]) == (True, 0)
    after = evaluated(path)
    assert after.holds
    assert after.figures["test: seen"] > report.total("late_count") > 0
    assert after.figures["test: seconds stamped_max"] < after.figures["test: seconds stored_p50"]


def test_a_read_that_never_comes_back_is_an_error(path: Path):
    with LocalFeed(records=RECORDS, own_reads=True) as feed:
        refresh(source_of(feed, **START), path)
        refresh(source_of(feed, **START), path)
    lost = (
        "insert into raw.feed_requests "
        "values ('req_lost', 'test', null, 200, now() at time zone 'UTC' - interval {})"
    )
    young = evaluated(path, sql=lost.format("1 hour"))
    assert young.holds
    check_result = evaluated(path, sql=lost.format("3 hours"))
    assert (check_result.holds, check_result.is_error) == (False, True)
    assert "1 own read(s) never came back, the first is req_lost of " in check_result.sentence
    assert check_result.figures["test: missing"] == 1
    assert 0 < check_result.figures["test: share seen"] < 1


@pytest.mark.parametrize(
    "excuse",
    [
        "update raw.feed_requests set status_code = 503",
        "update raw.extracts set status = 'failed'",
        "update raw.feed_requests set requested_at = requested_at - interval 8 days",
    ],
    ids=["not answered", "its time is not covered", "longer ago than is looked at"],
)
def test_reads_that_need_not_come_back_are_not_missed(path: Path, excuse: str):
    with LocalFeed(records=RECORDS) as feed:
        refresh(source_of(feed, **START), path)
    assert evaluated(path, hours=3, sql=excuse).holds


def test_a_source_that_reports_no_own_reads_is_reported_apart(path: Path):
    with LocalFeed(records=RECORDS) as feed:
        refresh(source_of(feed, **START), path)
        refresh(source_of(feed, name="other", **START), path)
    check_result = evaluated(path, hours=3)
    assert (check_result.holds, check_result.is_error) == (False, False)
    assert check_result.sentence.count("this source does not report own reads") == 2
    assert check_result.figures["test: share seen"] == 0


def test_a_source_whose_reads_came_back_once_is_an_error_when_they_stop(path: Path):
    with LocalFeed(records=RECORDS, own_reads=True) as feed:
        refresh(source_of(feed, **START), path)
        refresh(source_of(feed, **START), path)
    back = "update raw.{} set {} = {} - interval 8 days"
    evaluated(path, sql=back.format("feed_requests", "requested_at", "requested_at"))
    evaluated(path, sql=back.format("activities", "created_at", "created_at"))
    with LocalFeed(records=RECORDS) as feed:
        refresh(source_of(feed, **START), path)
    check_result = evaluated(
        path,
        sql="update raw.feed_requests set requested_at = requested_at - interval 3 hours "
        "where requested_at > now() at time zone 'UTC' - interval 1 day",
    )
    assert (check_result.holds, check_result.is_error) == (False, True)
    assert "never came back" in check_result.sentence
