"""Stage `ingestion`: the tables of schema `raw`, filled from the Activity Feed."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, time

import dagster as dg

from orchestration.assets import FRESHNESS, OWNERS
from orchestration.assets.ingestion_metadata import newest_activities, run_metadata, table_metadata
from orchestration.assets.manifest import personal_data
from orchestration.attestation.attest import read_period
from orchestration.config.values import ConfigurationError
from orchestration.ingest.run import read_all
from orchestration.intervals import DAY, Interval
from orchestration.monitoring.lateness import measure_lateness
from orchestration.resources import ActivityFeed, Warehouse, fail_step_on_error, failure
from orchestration.run_history import purge_history, retract_planned_checks

_TABLES = {
    "activities": "One row per source and activity, append-only: the first content seen is kept, byte for byte.",
    "activity_revisions": "One row for each different content seen later for a stored activity.",
    "extracts": "The ledger: one row per extract of a slice, committed together with the rows it covers.",
    "coverage": "One row per source and continuous interval that is proven complete; a view of the ledger.",
    "feed_requests": "One row per response of the feed, with the request id that the feed reports the read under.",
    "sources": "One row per source: how it is read, where its history begins, how its last run ended. No keys.",
}
# Whole records.
_WITH_RECORDS = ("activities", "activity_revisions")


class Reading(dg.Config):
    """What to read: the slices that are due or, with `reconcile`, covered days again.

    `first_date`, `last_date`: with `reconcile`, all covered days between these UTC dates, both included, such as
    2026-01-31; empty means the last days, and older ones in turn.
    """

    reconcile: bool = False
    first_date: str = ""
    last_date: str = ""


@dg.multi_asset(
    specs=[
        dg.AssetSpec(
            ["raw", table],
            description=description,
            group_name="ingestion",
            owners=OWNERS,
            kinds={"python", "duckdb"},
            freshness_policy=FRESHNESS,
            tags=personal_data() if table in _WITH_RECORDS else None,
        )
        for table, description in _TABLES.items()
    ],
    name="raw_tables",
)
def raw_tables(
    context: dg.AssetExecutionContext, feed: ActivityFeed, warehouse: Warehouse, config: Reading
) -> Iterator[dg.MaterializeResult]:
    """Read and store what is due for every source: each gap up to the horizon, and the overlap again."""
    with _failing_its_check(context):
        sources, bounds = feed.sources(), feed.bounds()
        # Before the free space is checked, because this frees some.
        purge_history(context.instance, feed.run_history_days())
        with warehouse.write_lock():
            with fail_step_on_error():
                report = read_all(
                    sources,
                    warehouse.path,
                    run_id=context.run.run_id,
                    bounds=bounds,
                    is_reconcile=config.reconcile,
                    within=_days(config),
                )
            with warehouse.get_connection(read_only=True) as connection:
                metadata = {table: table_metadata(connection, table) for table in _TABLES}
                lateness = measure_lateness(connection)
                metadata["activities"] |= run_metadata(report, lateness) | newest_activities(connection)
        if report.is_failure:
            raise failure(report.describe_failures(), metadata["activities"])
    for table in _TABLES:
        yield dg.MaterializeResult(asset_key=["raw", table], metadata=metadata[table])


@contextmanager
def _failing_its_check(context: dg.AssetExecutionContext) -> Iterator[None]:
    """Where nothing can be read, the one check that says so fails; all others keep their last result.

    Nothing after this step runs then, and Dagster would show each check that was planned as failed.
    """
    try:
        yield
    except dg.Failure as error:
        retract_planned_checks(context.instance, context.run.run_id)
        context.log_event(
            dg.AssetCheckEvaluation(
                asset_key=dg.AssetKey(["raw", "sources"]),
                check_name="every_source_is_read",
                passed=False,
                description=error.description,
            )
        )
        raise


def _days(config: Reading) -> Interval | None:
    """The days that the configuration names; None where it names none."""
    if not config.first_date and not config.last_date:
        return None
    if not config.reconcile:
        raise ConfigurationError("Dates are for a reconciliation: run the job `reconcile`.")
    period = read_period(config.first_date, config.last_date)
    midnight = datetime.combine(period.first, time(), UTC)
    return Interval(midnight, midnight + (period.last - period.first + DAY))
