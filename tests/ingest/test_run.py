"""Feed to warehouse over real HTTP: every record once, whatever happens on the way."""

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from local_feed import LocalFeed
from orchestration.ingest.run import refresh
from orchestration.warehouse.connection import open_warehouse
from orchestration.warehouse.errors import WarehouseError
from orchestration.warehouse.ledger import unproven
from tests.conftest import Query, source_of
from tests.histories import activity
from tests.truth import lies, served, stored

# A handmade history of a few days that ended an hour ago, so that the tail has something to continue.
NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
def feed():
    records = [
        activity(f"activity_{n:03}", NOW - timedelta(hours=1) - n * timedelta(minutes=45)) for n in range(100)
    ]
    with LocalFeed(records=records) as feed:
        yield feed


@pytest.mark.parametrize("changes", [{"page_size": 7}, {"page_size": 1, "concurrency": 9}])
def test_every_record_is_stored_once_with_the_hash_of_its_bytes(feed, path: Path, query: Query, changes):
    report = refresh(source_of(feed, **changes), path)
    assert stored(path) == served(feed)
    assert report.is_complete
    assert lies(path) == []
    assert query("select count(*) from raw.extracts where status <> 'complete'") == [(0,)]


def test_a_second_refresh_finds_nothing_new(feed, path: Path):
    refresh(source_of(feed), path)
    report = refresh(source_of(feed, overlap=timedelta(days=2)), path)
    assert report.total("inserted_count") == 0
    assert report.total("duplicate_count") > 0
    assert stored(path) == served(feed)


def test_new_records_are_read_and_late_ones_counted(feed, path: Path):
    source = source_of(feed, overlap=timedelta(hours=3))
    refresh(source, path)
    feed.add(activity("activity_late", NOW - timedelta(hours=2)))
    feed.add(activity("activity_new", NOW) | {"created_at": datetime.now(UTC).isoformat()})
    report = refresh(source, path)
    assert (report.total("inserted_count"), report.total("late_count")) == (2, 1)
    assert stored(path) == served(feed)


def test_nothing_newer_than_the_settle_delay_is_read(feed, path: Path):
    refresh(source_of(feed, settle=timedelta(hours=2)), path)
    assert "activity_000" not in stored(path)
    refresh(source_of(feed), path)
    assert stored(path) == served(feed)


def test_a_slice_that_fails_stays_open_and_the_others_are_stored(feed, path: Path):
    day = (NOW - timedelta(days=1)).date().isoformat()
    feed.faults.add("error", times=0, status=400, covers=f"{day}T12:00:00Z")
    report = refresh(source_of(feed), path)
    assert [extract.time_slice.start.date().isoformat() for extract in report.failures] == [day]
    assert "400" in report.describe_failures()
    assert 0 < len(stored(path)) < 100
    feed.faults.clear()
    assert refresh(source_of(feed), path).is_complete
    assert stored(path) == served(feed)


def test_a_warehouse_of_another_feed_is_not_continued(feed, path: Path):
    refresh(source_of(feed), path)
    with pytest.raises(WarehouseError, match="filled from loopback"):
        refresh(replace(source_of(feed), url="https://api.anthropic.com"), path)


def test_a_clock_that_is_ahead_proves_nothing_that_is_still_to_come(path: Path, query: Query):
    records = [activity("activity_old", NOW - timedelta(days=5))]
    with LocalFeed(records=records, clock=lambda: time.time() - 12 * 3_600) as feed:
        refresh(source_of(feed), path)
        refresh(source_of(feed, start=NOW - timedelta(days=9)), path)
    [(end,)] = query("select max(slice_end) from raw.extracts")
    assert end <= datetime.now(UTC).replace(tzinfo=None) - timedelta(hours=12)


def test_an_extract_that_failed_to_look_for_late_records_looks_again(feed, path: Path):
    refresh(source_of(feed), path)
    with open_warehouse(path) as connection:
        [(start,)] = connection.execute(
            "select slice_start from raw.extracts order by slice_end desc offset 1 limit 1"
        ).fetchall()
        connection.execute(
            "insert into raw.extracts by name select * replace ('again' as extract_id, 'failed' as status, "
            "0 as page_count, "
            "started_at + interval 1 microsecond as started_at, 'made to fail' as error) from raw.extracts "
            "where slice_start = ? and status = 'complete'",
            [start],
        )
        assert list(unproven(connection, "test").values()) == ["made to fail"]
    feed.add(activity("activity_late", start.replace(tzinfo=UTC) + timedelta(minutes=1)))
    report = refresh(source_of(feed), path)
    assert [
        (str(extract.time_slice.kind), extract.late_count)
        for extract in report.extracts
        if extract.time_slice.kind == "reconcile"
    ] == [("reconcile", 1)]
    assert stored(path) == served(feed)
    with open_warehouse(path) as connection:
        assert unproven(connection, "test") == {}


def test_a_later_start_keeps_what_was_begun_in_view(feed, path: Path):
    day = (NOW - timedelta(days=2)).date().isoformat()
    feed.faults.add("error", times=0, status=400, covers=f"{day}T12:00:00Z")
    assert not refresh(source_of(feed), path).is_complete
    feed.faults.clear()
    refresh(source_of(feed, start=NOW - timedelta(hours=2)), path)
    assert stored(path) == served(feed)


def test_a_record_reported_less_precisely_later_is_a_revision(path: Path, query: Query):
    at = NOW - timedelta(hours=2)
    with LocalFeed(
        records=[activity("activity_a", NOW - timedelta(hours=2)) | {"created_at": f"{at:%Y-%m-%dT%H:%M:%S}.500Z"}]
    ) as feed:
        refresh(source_of(feed), path)
    with LocalFeed(records=[activity("activity_a", NOW - timedelta(hours=2))]) as feed:
        report = refresh(source_of(feed, overlap=timedelta(hours=5)), path)
        assert report.total("revision_count") == 1
    assert query("select count(*) from raw.activities") == [(1,)]


def test_records_from_outside_of_the_asked_time_are_stored_and_reported(feed, path: Path, query: Query, caplog):
    """The last moment of a day, stated more precisely than we keep it, is of that day."""
    day = (NOW - timedelta(days=2)).date()
    feed.add(activity("activity_last", NOW) | {"created_at": f"{day}T23:59:59.9999999Z"})
    feed.faults.add("outside_range", times=0, covers=f"{day}T12:00:00Z")
    report = refresh(source_of(feed), path)
    assert report.is_complete
    assert report.total("outside_count") == 1
    assert "sent 1 record(s) from outside of the time" in report.describe()
    assert "1 record(s) are of another time" in caplog.text
    assert stored(path) == served(feed)
    [(at,)] = query("select created_at from raw.activities where activity_id = 'activity_last'")
    assert at.date() == day


def test_the_ledger_knows_every_request_by_its_id(feed, path: Path, query: Query):
    feed.faults.add("error", status=503, skip=3)
    refresh(source_of(feed), path)
    known = {name for (name,) in query("select request_id from raw.feed_requests")}
    assert known == {seen.request_id for seen in feed.requests}
    assert query("select count(*) from raw.extracts where last_request_id is null") == [(0,)]
