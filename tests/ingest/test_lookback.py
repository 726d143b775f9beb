"""What becomes visible late is looked for again, over two business days, without claiming any coverage."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from local_feed import LocalFeed
from orchestration.ingest.plan import plan_lookback
from orchestration.ingest.run import refresh
from orchestration.intervals import Interval
from orchestration.warehouse.connection import open_warehouse
from orchestration.warehouse.ledger import coverage
from tests.conftest import Query, source_of
from tests.histories import activity
from tests.truth import lies, served, stored

HOUR = timedelta(hours=1)
NOW = datetime.now(UTC).replace(microsecond=0)


def at(day: int, hour: int = 0) -> datetime:
    """A moment in May 2026, whose 4th is a Monday."""
    return datetime(2026, 5, day, hour, tzinfo=UTC)


@pytest.mark.parametrize(
    ("end", "start"),
    [(at(8, 9), at(6)), (at(4, 9), datetime(2026, 4, 30, tzinfo=UTC)), (at(10, 9), at(7)), (at(9, 9), at(7))],
    ids=["Friday", "Monday", "Sunday", "Saturday"],
)
def test_two_business_days_before_the_end_of_covered_time(end: datetime, start: datetime):
    assert plan_lookback([Interval(datetime(2026, 1, 1, tzinfo=UTC), end)], HOUR) == Interval(start, end - HOUR)


def test_it_stays_within_time_that_was_read():
    assert plan_lookback([], HOUR) is None
    assert plan_lookback([Interval(at(8, 6), at(8, 9))], HOUR) == Interval(at(8, 6), at(8, 8))
    assert plan_lookback([Interval(at(8, 8), at(8, 9))], HOUR) is None


def test_late_accesses_are_found_once_and_prove_nothing(path: Path, query: Query):
    with LocalFeed(
        records=[activity("activity_old", NOW - timedelta(days=9)), activity("activity_1", NOW - 2 * HOUR)]
    ) as feed:
        source = source_of(feed)
        refresh(source, path)
        feed.add(activity("activity_access", NOW - 30 * HOUR, type="anthropic_access"))
        feed.add(activity("activity_other", NOW - 30 * HOUR))
        before = len(feed.requests)
        report = refresh(source, path)
        # The key is tried, the tail is read (at midnight in two parts), and one question looks back.
        assert len(feed.requests) - before - len(report.extracts) == 2
        assert (report.total("inserted_count"), report.total("late_count")) == (1, 1)
        assert report.is_complete
        assert served(feed).keys() - stored(path).keys() == {"activity_other"}
        assert query(
            "select kind, status, query ->> '$.\"activity_types[]\"[0]', inserted_count from raw.extracts "
            "join raw.activities using (extract_id) where activity_id = 'activity_access'"
        ) == [("incremental", "complete", "anthropic_access", 1)]
        rows = query("select count(*) from raw.extracts where contains(query, 'activity_types[]')")
        assert refresh(source, path).total("inserted_count") == 0
        assert query("select count(*) from raw.extracts where contains(query, 'activity_types[]')") == rows
        known = {name for (name,) in query("select request_id from raw.feed_requests")}
        assert known == {seen.request_id for seen in feed.requests}
        assert lies(path) == []
        with open_warehouse(path) as connection:
            connection.execute("delete from raw.extracts where not contains(query, 'activity_types[]')")
            assert coverage(connection, "test") == []


def test_a_feed_that_refuses_the_question_is_read_all_the_same(path: Path, caplog: pytest.LogCaptureFixture):
    with LocalFeed(records=[activity("activity_old", NOW - timedelta(days=9))]) as feed:
        refresh(source_of(feed), path)
        feed.faults.add("error", status=400, times=0, contains="activity_types[]")
        assert refresh(source_of(feed), path).is_complete
        assert "looking for what becomes visible late failed" in caplog.text
