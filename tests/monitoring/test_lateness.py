"""How late activities come, and whether the overlap reaches that far."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from orchestration.intervals import Kind, Slice
from orchestration.landing.land import land
from orchestration.monitoring.lateness import measure_lateness, missed_by_overlap
from orchestration.warehouse.connection import open_warehouse
from orchestration.warehouse.sources import SourceRecord, record_source
from tests.histories import chunk_of, extract_of

NOW = datetime.now(UTC)
HOUR = timedelta(hours=1)


def age() -> float:
    """Seconds since the time of the records, which lies six hours before this module was imported."""
    return (datetime.now(UTC) - NOW + 6 * HOUR).total_seconds()


def store(
    path: Path, kind: Kind, started: timedelta, *names: str, reach: timedelta = 9 * HOUR, late: bool = False
):
    """A complete extract of the last hours that began so long ago; its records are six hours old."""
    end = NOW - HOUR
    time_slice = Slice(kind, NOW - reach, end, late_before=end if late else None)
    extract = extract_of(time_slice, started_at=NOW - started)
    at = (NOW - 6 * HOUR).isoformat()
    records = [json.dumps({"id": name, "created_at": at}).encode() for name in names]
    with open_warehouse(path) as connection:
        land(connection, [chunk_of(*records, extract=extract)])


def configure(path: Path, overlap: timedelta) -> None:
    with open_warehouse(path) as connection:
        record_source(
            connection, SourceRecord(source="test", feed_host="loopback", settle=HOUR, overlap=overlap, run_at=NOW)
        )


def test_nothing_late_has_no_lateness(path: Path):
    store(path, Kind.BACKFILL, 2 * HOUR, "a", "b")
    with open_warehouse(path) as connection:
        found = measure_lateness(connection)
    assert (found.count, found.p50, found.p99, found.longest) == (0, None, None, None)


def test_lateness_is_from_the_activity_to_its_storing(path: Path):
    before = age()
    store(path, Kind.INCREMENTAL, HOUR, "a", "b", late=True)
    with open_warehouse(path) as connection:
        found = measure_lateness(connection)
    assert found.count == 2
    assert before <= found.p50 <= age()
    assert found.p50 <= found.p99 <= found.longest


def test_what_only_reconciliation_found_was_beyond_the_overlap(path: Path):
    configure(path, HOUR)
    store(path, Kind.INCREMENTAL, 4 * HOUR, "on time")
    before = age()
    store(path, Kind.RECONCILE, timedelta(0), "late 1", "late 2", late=True)
    with open_warehouse(path) as connection:
        [missed] = missed_by_overlap(connection)
    assert (missed.source, missed.count) == ("test", 2)
    assert missed.missing_after == pytest.approx(2 * 3600, abs=1)
    assert before <= missed.found_after <= age()


@pytest.mark.parametrize("case", ["overlap reaches", "found by the overlap", "history", "long ago"])
def test_what_no_overlap_is_to_find_is_not_missed(path: Path, case: str):
    configure(path, 7 * HOUR if case == "overlap reaches" else HOUR)
    read_before = Kind.BACKFILL if case == "history" else Kind.INCREMENTAL
    store(path, read_before, 4 * HOUR, "on time")
    found_by = Kind.INCREMENTAL if case == "found by the overlap" else Kind.RECONCILE
    store(path, found_by, timedelta(0), "late", late=True)
    with open_warehouse(path) as connection:
        if case == "long ago":
            connection.execute("update raw.sources set last_run_at = last_run_at + interval 31 days")
        assert missed_by_overlap(connection) == []
        assert measure_lateness(connection).count == 1
