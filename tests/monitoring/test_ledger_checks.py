"""What the ledger claims, compared with the clock and the rows."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from orchestration.intervals import Kind, Slice
from orchestration.landing.land import land
from orchestration.monitoring import ledger_checks
from orchestration.monitoring.check_result import CheckResult
from orchestration.warehouse.connection import open_warehouse
from tests.histories import chunk_of, extract_of

DAY = datetime(2026, 5, 1, tzinfo=UTC)
NOON = DAY + timedelta(days=3, hours=12)


@pytest.fixture
def connection(path: Path):
    with open_warehouse(path) as connection:
        yield connection


def extracted(
    connection: duckdb.DuckDBPyConnection, first: float, last: float, *ids: str, outcome="complete", source="s"
) -> str:
    """An extract from day `first` to day `last` that found activities with these ids in its first second."""
    time_slice = Slice(Kind.BACKFILL, DAY + timedelta(days=first), DAY + timedelta(days=last))
    extract = extract_of(time_slice, source)
    at = time_slice.start.isoformat()
    records = [f'{{"id": "{one}", "created_at": "{at}", "type": "x"}}'.encode() for one in ids]
    land(connection, [chunk_of(*records, extract=extract, outcome=outcome)])
    return extract.extract_id


def known(
    connection: duckdb.DuckDBPyConnection,
    start: datetime | None,
    horizon: datetime | None,
    error: str | None = None,
    source: str = "s",
    run_at: datetime = NOON,
) -> None:
    """The source's row, as its last run left it."""
    connection.execute(
        "insert into raw.sources values (?, 'loopback', ?, 60, 3600, ?, ?, ?)",
        [source, *(one and one.replace(tzinfo=None) for one in (start, run_at, horizon)), error],
    )


def test_an_empty_warehouse_has_nothing_to_complain_of(connection):
    check_results = [
        ledger_checks.no_gaps(connection, NOON),
        ledger_checks.history_is_read(connection),
        ledger_checks.every_source_is_read(connection, NOON),
        ledger_checks.newest_activity_is_recent(connection, NOON),
        ledger_checks.ledger_counts_equal_rows(connection),
    ]
    assert all(check_result.holds and check_result.sentence for check_result in check_results)


def test_a_gap_is_reported_until_an_extract_closes_it(connection):
    extracted(connection, 0, 1)
    extracted(connection, 2, 3)
    check_result = ledger_checks.no_gaps(connection, NOON)
    assert (check_result.holds, check_result.is_error) == (False, True)
    assert check_result.sentence.startswith("1 gap(s): s [2026-05-02T00:00:00Z, 2026-05-03T00:00:00Z): No extract")
    extracted(connection, 1, 2)
    assert ledger_checks.no_gaps(connection, NOON).holds


def test_a_failed_extract_and_future_time_are_gaps(connection):
    extracted(connection, 0, 1)
    extracted(connection, 1, 2, outcome="failed")
    assert "The feed was down." in ledger_checks.no_gaps(connection, NOON).sentence
    extracted(connection, 1, 4)
    assert "still in the future" in ledger_checks.no_gaps(connection, NOON).sentence
    assert ledger_checks.no_gaps(connection, NOON + timedelta(days=1)).holds


def test_a_gap_of_a_source_that_is_no_longer_read_is_reported_and_fails_no_run(connection):
    """Nothing will read it again: a failure would stay for ever."""
    known(connection, DAY, NOON - timedelta(days=9), source="gone", run_at=NOON - timedelta(days=9))
    extracted(connection, 0, 1, outcome="failed", source="gone")
    assert ledger_checks.no_gaps(connection, NOON).is_failure
    known(connection, DAY, NOON)
    extracted(connection, 0, 1)
    check_result = ledger_checks.no_gaps(connection, NOON)
    assert (check_result.holds, check_result.is_error) == (False, False)
    assert check_result.sentence.startswith(
        "1 gap(s): gone [2026-05-01T00:00:00Z, 2026-05-02T00:00:00Z): The feed was down."
    )
    assert "no longer read" in check_result.sentence
    extracted(connection, 1, 2, outcome="failed")
    check_result = ledger_checks.no_gaps(connection, NOON)
    assert check_result.is_failure
    assert check_result.sentence.startswith("2 gap(s): s [2026-05-02")


def test_a_backfill_on_its_way_is_no_gap_but_history_that_is_left(connection):
    known(connection, DAY, NOON)
    extracted(connection, 2, 3)
    assert ledger_checks.no_gaps(connection, NOON).holds
    check_result = ledger_checks.history_is_read(connection)
    assert (check_result.holds, check_result.is_error) == (False, False)
    assert (
        "read from 2026-05-03T00:00:00Z on; 2.0 day(s) are left back to 2026-05-01T00:00:00Z"
        in check_result.sentence
    )
    extracted(connection, 0, 2)
    check_result = ledger_checks.history_is_read(connection)
    assert check_result.holds
    assert check_result.figures == {"s: read from": DAY, "s: days left": 0.0}


def test_a_source_without_any_coverage_has_no_history(connection):
    known(connection, DAY, NOON)
    assert ledger_checks.history_is_read(connection).sentence == "s: nothing is read yet."


def test_where_history_begins_need_not_be_known(connection):
    extracted(connection, 0, 1)
    check_result = ledger_checks.history_is_read(connection)
    assert check_result.holds
    assert "is not recorded" in check_result.sentence


@pytest.mark.parametrize(
    ("hours", "error", "holds", "is_error", "words"),
    [
        (1.9, None, True, False, "read up to 2026-05-04T10:06:00Z"),
        (2.1, None, False, False, "2.1 h ago. See that the schedule runs"),
        (0.1, "The feed refused the key.", False, True, "its last run failed: The feed refused the key."),
    ],
)
def test_a_source_is_read_without_error_and_lately(connection, hours, error, holds, is_error, words):
    known(connection, DAY, NOON - timedelta(hours=hours), error)
    check_result = ledger_checks.every_source_is_read(connection, NOON)
    assert (check_result.holds, check_result.is_error) == (holds, is_error)
    assert words in check_result.sentence


def test_one_failing_source_is_reported_beside_a_good_one(connection):
    known(connection, DAY, NOON)
    known(connection, DAY, NOON, "It is down.", source="t")
    known(connection, None, None, source="u")
    check_result = ledger_checks.every_source_is_read(connection, NOON)
    assert check_result.is_error
    assert check_result.sentence == "t: its last run failed: It is down. u: no run has read it yet."


def test_a_source_that_is_no_longer_read_is_no_fault(connection):
    known(connection, DAY, NOON - timedelta(days=9), "It is down.", source="gone", run_at=NOON - timedelta(days=9))
    assert not ledger_checks.every_source_is_read(connection, NOON).holds
    known(connection, DAY, NOON)
    check_result = ledger_checks.every_source_is_read(connection, NOON)
    assert check_result.holds
    assert "gone: no longer read" in check_result.sentence


def test_a_source_of_before_the_table_of_sources_is_judged_by_the_ledger(connection):
    extracted(connection, 3, 3.5)
    assert ledger_checks.every_source_is_read(connection, NOON).holds
    assert not ledger_checks.every_source_is_read(connection, NOON + timedelta(hours=3)).holds


def test_silence_is_reported(connection):
    extracted(connection, 3, 3.5, "a")
    extracted(connection, 3, 3.5, source="t")
    check_result = ledger_checks.newest_activity_is_recent(connection, NOON)
    assert check_result.sentence == "t: there is no activity at all yet."
    extracted(connection, 3, 3.5, "b", source="t")
    assert ledger_checks.newest_activity_is_recent(connection, NOON).holds
    check_result = ledger_checks.newest_activity_is_recent(connection, NOON + timedelta(hours=13))
    assert (check_result.holds, check_result.is_error) == (False, False)
    assert "s: the newest activity is from 2026-05-04T00:00:00Z, 25.0 h ago." in check_result.sentence


@pytest.mark.parametrize(
    "tampering",
    [
        "delete from raw.activities where activity_id = 'a'",
        "insert into raw.activities select * replace ('z' as activity_id) from raw.activities limit 1",
        "insert into raw.activities select * replace ('nobody' as extract_id) from raw.activities limit 1",
        "insert into raw.activity_revisions from raw.activities where activity_id = 'a'",
        "delete from raw.extracts where inserted_count > 0",
    ],
)
def test_rows_that_the_ledger_does_not_know_are_reported(connection, tampering: str):
    extracted(connection, 0, 1, "a", "b", "a")
    extracted(connection, 1, 2)
    assert ledger_checks.ledger_counts_equal_rows(connection).holds
    connection.execute(tampering)
    check_result = ledger_checks.ledger_counts_equal_rows(connection)
    assert (check_result.holds, check_result.is_error) == (False, True)
    assert check_result.figures["extracts that differ"] == 1


def test_revisions_are_counted_for_the_extract_that_found_them(connection):
    extracted(connection, 0, 1, "a")
    extract = extract_of(Slice(Kind.RECONCILE, DAY, DAY + timedelta(days=1)), "s")
    record = f'{{"id": "a", "created_at": "{DAY.isoformat()}"}}'.encode()
    land(connection, [chunk_of(record, extract=extract)])
    check_result: CheckResult = ledger_checks.ledger_counts_equal_rows(connection)
    assert check_result.holds
    assert connection.execute("select count(*) from raw.activity_revisions").fetchall() == [(1,)]
