"""Dates and ends that cannot be: a feed whose clock, oldest record or last page makes no sense."""

import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from local_feed import LocalFeed
from orchestration.api.errors import FeedError
from orchestration.ingest import slice_reader
from orchestration.ingest.run import refresh
from tests.conftest import Query, source_of
from tests.histories import activity
from tests.truth import lies, missing, served, stored

NOW = datetime.now(UTC).replace(microsecond=0)


RECENT = [activity(f"activity_{n:02}", NOW - timedelta(hours=2) - n * timedelta(minutes=1)) for n in range(50)]


@pytest.mark.parametrize("ago", [timedelta(days=365 * 56), timedelta(days=2)])
def test_a_date_that_cannot_be_followed_fails_the_source(path: Path, query: Query, ago: timedelta):
    with LocalFeed(records=RECENT) as feed:
        feed.faults.add("headers", times=0, headers={"date": format_datetime(NOW - ago, usegmt=True)})
        with pytest.raises(
            FeedError, match=r"clock says .* the feed's date .*nothing was read.*Correct the clock"
        ):
            refresh(source_of(feed), path)
        assert query("select count(*) from raw.coverage") == [(0,)]
        [(error,)] = query("select last_error from raw.sources")
        assert "the feed's date" in error
        feed.faults.clear()
        assert refresh(source_of(feed), path).is_complete
        assert stored(path) == served(feed)


@pytest.mark.parametrize(("behind", "is_warned"), [(3600, True), (150, True), (90, False)])
def test_a_date_that_is_behind_is_followed_and_beyond_two_minutes_reported(
    path: Path, behind: int, is_warned: bool
):
    with LocalFeed(records=RECENT, clock=lambda: time.time() - behind) as feed:
        report = refresh(source_of(feed), path)
        ended_at = datetime.now(UTC)
    assert report.horizon <= ended_at - timedelta(seconds=behind)
    assert any("the feed's date" in one for one in report.remarks) is is_warned


def test_a_date_far_ahead_changes_nothing_and_is_reported(path: Path):
    with LocalFeed(records=RECENT) as feed:
        feed.faults.add("headers", times=0, headers={"date": "Fri, 31 Dec 9999 23:59:59 GMT"})
        report = refresh(source_of(feed), path)
        assert NOW <= report.horizon <= datetime.now(UTC)
        assert any("the feed's date" in one for one in report.remarks)
        assert stored(path) == served(feed)


@pytest.mark.parametrize("year", [1, 1971])
def test_one_record_of_a_time_that_cannot_be_costs_no_decades(path: Path, year: int):
    old = activity("activity_old", datetime(year, 7, 1, tzinfo=UTC))
    with LocalFeed(records=[*RECENT, old]) as feed:
        report = refresh(source_of(feed), path)
        assert report.is_complete
        assert len(report.due) < 13 * 366
        assert len(feed.requests) < 100
        assert any("from before" in one and "FEED_START" in one for one in report.remarks)
        assert missing(path, feed) == set()
        assert stored(path).keys() == served(feed).keys() - {"activity_old"}
        # From then on it costs two questions.
        asked = len(feed.requests)
        assert refresh(source_of(feed), path).is_complete
        assert len(feed.requests) - asked < 10


@pytest.mark.parametrize("pages", [2, 5])
def test_a_feed_without_an_end_is_left(path: Path, monkeypatch: pytest.MonkeyPatch, pages: int):
    """Two pages in turn end as soon as one comes again; what never repeats, after `MAX_PAGES`."""
    monkeypatch.setattr(slice_reader, "MAX_PAGES", pages)
    day = (NOW - timedelta(days=2)).replace(hour=0, minute=0, second=0)
    records = [activity(f"activity_{n:03}", day + n * timedelta(minutes=1)) for n in range(100)]
    with LocalFeed(records=records) as feed:
        feed.faults.add("circle", times=0, covers=records[0]["created_at"])
        report = refresh(source_of(feed, page_size=10, start=day, concurrency=1), path)
        assert not report.is_complete
        assert report.failures
        expected = "same page under two cursors" if pages > 2 else f"within {pages} pages"
        assert all(expected in (one.error or "") for one in report.failures)
        assert missing(path, feed) == set()
        feed.faults.clear()
        monkeypatch.undo()
        assert refresh(source_of(feed, page_size=10, start=day), path).is_complete
        assert stored(path) == served(feed)
        assert lies(path) == []
