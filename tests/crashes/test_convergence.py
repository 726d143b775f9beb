"""However often a run is cut short: what it has read counts, and in the end everything is read and proven."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from local_feed import LocalFeed
from orchestration.ingest.run import refresh
from orchestration.intervals import DAY, MINUTE, Interval
from orchestration.warehouse.connection import open_warehouse
from orchestration.warehouse.ledger import coverage, unfinished, unproven
from tests.conftest import source_of
from tests.crashes.victim import Victim
from tests.histories import activity
from tests.truth import lies, missing, served, stored

PAGE = 5
# A day of 60 pages, long over, in the middle of three.
START = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=3)


def records(spread: timedelta, pages: int = 60) -> list[dict[str, object]]:
    """So many pages within `spread` after the middle day began."""
    count = pages * PAGE
    return [activity(f"activity_{n:03}", START + DAY + spread * n / count) for n in range(count)]


@pytest.fixture
def feed() -> Iterator[LocalFeed]:
    with LocalFeed(records=records(DAY)) as feed:
        yield feed


def progress(path: Path) -> tuple[timedelta, int, int]:
    """Time that is proven, records that are stored, and in how many parts what is left is known to be cut."""
    with open_warehouse(path) as connection:
        proven = sum((one.end - one.start for one in coverage(connection, "test")), timedelta())
        pieces = len(unfinished(connection, "test"))
    return proven, len(stored(path)), pieces


def test_a_run_that_is_killed_again_and_again_makes_progress_each_time(feed: LocalFeed, path: Path):
    before = (timedelta(), 0, 0)
    attempts = 0
    while True:
        attempts += 1
        feed.faults.add("hold", skip=55)
        victim = Victim(feed.url, feed.key, path, page_size=PAGE, start=START, concurrency=1)
        if victim.ends_before(feed):
            break
        assert victim.kill()
        feed.faults.release()
        assert lies(path) == []
        assert missing(path, feed) == set()
        after = progress(path)
        assert after > before, attempts
        before = after
        assert attempts < 20
    assert stored(path) == served(feed)
    assert lies(path) == []
    with open_warehouse(path) as connection:
        assert unproven(connection, "test") == {}
        assert len(coverage(connection, "test")) == 1


def test_cursors_that_live_a_third_of_the_day_do_not_keep_it_open(feed: LocalFeed, path: Path):
    feed.faults.add("cursor_refused", times=0, lifetime=20)
    source = source_of(feed, page_size=PAGE, start=START)
    attempts = 1
    while not refresh(source, path).is_complete:
        attempts += 1
        assert attempts <= 4
    assert stored(path) == served(feed)


def test_a_minute_that_is_too_large_is_reported_and_holds_up_nothing_else(path: Path):
    with LocalFeed(records=records(MINUTE, pages=8)) as feed:
        feed.faults.add("cursor_refused", times=0, lifetime=4)
        source = source_of(feed, page_size=PAGE, start=START)
        for _ in range(14):
            report = refresh(source, path)
        [failure] = report.failures
        assert (failure.time_slice.start, failure.time_slice.end) == (START + DAY, START + DAY + MINUTE)
        assert "A minute is the smallest slice" in failure.error
        with open_warehouse(path) as connection:
            assert list(unproven(connection, "test")) == [
                Interval(failure.time_slice.start, failure.time_slice.end)
            ]
        feed.faults.clear()
        assert refresh(source, path).is_complete
        assert stored(path) == served(feed)


def test_an_outage_cuts_nothing(feed: LocalFeed, path: Path):
    feed.faults.add("error", times=0, status=400, covers=f"{(START + DAY).isoformat()}")
    source = source_of(feed, page_size=PAGE, start=START)
    due = [len(refresh(source, path).due) for _ in range(4)]
    assert due[1:] == [due[1]] * 3
