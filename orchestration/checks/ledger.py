"""Checks of the tables of schema `raw`: all of them look at the file in one opening."""

from collections.abc import Iterator
from datetime import UTC, datetime

import dagster as dg
import duckdb

from orchestration.checks.results import shown
from orchestration.monitoring import lateness, ledger_checks, own_reads
from orchestration.monitoring.check_result import CheckResult
from orchestration.resources import Warehouse

# What each claims, and of which asset.
CLAIMS = {
    "no_gaps": (
        "extracts",
        "Covered time has no gap and none of it is still to come; no failed extract is left open.",
    ),
    "history_is_read": (
        "extracts",
        "History is read back to where it begins, or the backfill is still on its way.",
    ),
    "ledger_counts_equal_rows": (
        "extracts",
        "Each extract has as many rows as the ledger says; no row has no extract.",
    ),
    "no_record_is_quarantined": (
        "extracts",
        "Every record that was received has an id and a time that can be read and has come to pass.",
    ),
    "every_source_is_read": ("sources", "The last run of each source had no error and reached the last 2 hours."),
    "overlap_reaches_far_enough": (
        "activities",
        "In the last 30 days no reconciliation found what a longer overlap would have found.",
    ),
    "newest_activity_is_recent": ("activities", "The newest activity of each source is of the last 24 hours."),
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
    """Report every verdict, and fail the run on what was not read: the tables are built, but not complete."""
    with warehouse.write_lock(), warehouse.get_connection(read_only=True) as connection:
        check_results = evaluate(connection, datetime.now(UTC))
    for name, check_result in check_results.items():
        yield shown(name, ["raw", CLAIMS[name][0]], check_result)
    unread = [check_results[name] for name in ("every_source_is_read", "no_gaps")]
    sentences = [check_result.sentence for check_result in unread if check_result.is_failure]
    if sentences:
        raise dg.Failure("\n".join(sentences), allow_retries=False)


def evaluate(connection: duckdb.DuckDBPyConnection, now: datetime) -> dict[str, CheckResult]:
    """The verdict on each of the `CLAIMS`, by name."""
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
