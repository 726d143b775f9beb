"""Years in which little happened cost a few requests, and are proven day by day all the same."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from local_feed import LocalFeed
from orchestration.ingest.run import refresh
from orchestration.warehouse.connection import open_warehouse
from orchestration.warehouse.ledger import coverage
from tests.conftest import Query, source_of
from tests.histories import activity
from tests.truth import lies, served, stored

NOW = datetime.now(UTC)
YEARS = timedelta(days=6 * 365)


EVERY_WEEK = [activity(f"activity_{n:04}", NOW - timedelta(days=7 * n, hours=1)) for n in range(YEARS.days // 7)]
# Quiet years around one busy week.
BUSY_WEEK = [
    activity(f"activity_{n:04}", NOW - timedelta(days=900) - n * timedelta(minutes=10)) for n in range(1000)
]

# Weekends on which nothing happens say nothing of the days before them.
WEEKDAYS = [
    activity(f"activity_{n:04}", day - timedelta(minutes=1, seconds=n % 3))
    for n in range(420)
    if (day := NOW - timedelta(days=n // 3)).weekday() < 5
]


@pytest.mark.parametrize(
    ("records", "page_size", "requests"),
    [([], 5000, 40), (EVERY_WEEK, 5000, 40), (BUSY_WEEK, 300, 90), (WEEKDAYS, 5, 180)],
    ids=["nothing", "one a week", "one busy week", "quiet weekends"],
)
def test_quiet_years_cost_a_few_requests(
    path: Path, query: Query, records: list[dict[str, Any]], page_size: int, requests: int
):
    with LocalFeed(records=records) as feed:
        report = refresh(source_of(feed, start=NOW - YEARS, page_size=page_size), path)
        assert report.is_complete
        assert len(feed.requests) <= requests
        assert stored(path) == served(feed)
        assert lies(path) == []
        known = {name for (name,) in query("select request_id from raw.feed_requests")}
        assert known == {seen.request_id for seen in feed.requests}
    with open_warehouse(path) as connection:
        assert len(coverage(connection, "test")) == 1
    # A row for each day, each within its day, with what came of it and the question that proved it.
    assert query(
        "select count(*), count(distinct slice_start::date), sum(received_count)::bigint, "
        "count(*) filter (slice_end > slice_start::date + interval 1 day), count(last_request_id) "
        "from raw.extracts where status = 'complete'"
    ) == [(len(report.due), len(report.due), len(records), 0, len(report.due))]
    assert query(
        "select count(*) from raw.activities join raw.extracts using (extract_id) "
        "where created_at < slice_start or created_at >= slice_end"
    ) == [(0,)]
