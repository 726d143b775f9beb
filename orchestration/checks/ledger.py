"""Checks of the tables of schema `raw`, all in one connection. Their conditions are in `monitoring`."""

from collections.abc import Iterator
from datetime import UTC, datetime

import dagster as dg
import duckdb

from orchestration.checks.results import asset_check_result
from orchestration.monitoring import lateness, ledger_checks, own_reads
from orchestration.monitoring.check_result import CheckResult
from orchestration.resources import Warehouse, failure

# By check: the table of schema `raw` that it is about, and what it asserts.
CLAIMS = {
    "no_gaps": (
        "extracts",
        "Covered time has no gap and does not reach into the future; every failed extract was read again.",
    ),
    "history_is_read": ("extracts", "History is read back to its beginning, or the backfill is in progress."),
    "ledger_counts_equal_rows": (
        "extracts",
        "Each extract has as many rows as the ledger says, and each row has an extract.",
    ),
    "no_record_is_quarantined": (
        "extracts",
        "Every record that was received has an id and a time that can be read and has come to pass.",
    ),
    "every_source_is_read": ("sources", "The last run of each source had no error and reached the last 2 hours."),
    "overlap_reaches_far_enough": (
        "activities",
        "In the last 30 days no reconciliation found an activity that a longer overlap would have found.",
    ),
    "newest_activity_is_recent": ("activities", "The newest activity of each source is less than 24 hours old."),
    "own_reads_come_back": (
        "feed_requests",
        "Each answered read of the last 7 days came back as a compliance_api_accessed within 2 hours.",
    ),
}


@dg.multi_asset_check(
    name="raw_table_checks",
    specs=[
        dg.AssetCheckSpec(name, asset=["raw", table], description=description)
        for name, (table, description) in CLAIMS.items()
    ],
)
def raw_table_checks(warehouse: Warehouse) -> Iterator[dg.AssetCheckResult]:
    """Report every result, and fail the run if something was not read: the tables are built, but incomplete."""
    with warehouse.lock(), warehouse.get_connection(read_only=True) as connection:
        check_results = evaluate(connection, datetime.now(UTC))
    for name, check_result in check_results.items():
        yield asset_check_result(name, ["raw", CLAIMS[name][0]], check_result)
    unread = [check_results[name] for name in ("every_source_is_read", "no_gaps")]
    messages = [check_result.sentence for check_result in unread if check_result.is_failure]
    if messages:
        raise failure("\n".join(messages))


def evaluate(connection: duckdb.DuckDBPyConnection, now: datetime) -> dict[str, CheckResult]:
    """The result of each of the `CLAIMS`, by name."""
    return {
        "no_gaps": ledger_checks.no_gaps(connection, now),
        "history_is_read": ledger_checks.history_is_read(connection),
        "ledger_counts_equal_rows": ledger_checks.ledger_counts_equal_rows(connection),
        "no_record_is_quarantined": ledger_checks.no_record_is_quarantined(connection),
        "every_source_is_read": ledger_checks.every_source_is_read(connection, now),
        "overlap_reaches_far_enough": lateness.overlap_reaches_far_enough(connection),
        "newest_activity_is_recent": ledger_checks.newest_activity_is_recent(connection, now),
        "own_reads_come_back": own_reads.own_reads_come_back(connection, now),
    }
