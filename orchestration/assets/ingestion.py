"""Stage `ingestion`: the tables of schema `raw`, filled from the Activity Feed."""

from collections.abc import Iterator

import dagster as dg

from orchestration.assets.ingestion_metadata import newest_activities, run_metadata, table_metadata
from orchestration.ingest.run import read_all
from orchestration.monitoring.lateness import measure_lateness
from orchestration.resources import ActivityFeed, Warehouse
from orchestration.run_history import purge_history
from orchestration.warehouse.errors import WarehouseError

GROUP = "ingestion"
OWNERS = ["team:compliance-data"]

_TABLES = {
    "activities": "One row per source and activity, append-only: what was seen first stays, byte for byte.",
    "activity_revisions": "One row per further content seen for an activity that is already stored.",
    "extracts": "The ledger: one row per walk of one slice, written together with the rows it covers.",
    "coverage": "One row per source and unbroken stretch of time that is proven complete: a view of the ledger.",
    "feed_requests": "One row per answer of the feed, with the request id under which the feed reports the read.",
    "sources": "One row per source: how it is read, where its history begins, how its last run went. No keys.",
}


class Reading(dg.Config):
    """What to read: what is due, or, to `reconcile`, covered days again."""

    reconcile: bool = False


@dg.multi_asset(
    specs=[
        dg.AssetSpec(
            ["raw", table], description=description, group_name=GROUP, owners=OWNERS, kinds={"python", "duckdb"}
        )
        for table, description in _TABLES.items()
    ],
    name="raw_tables",
)
def raw_tables(
    context: dg.AssetExecutionContext, feed: ActivityFeed, warehouse: Warehouse, config: Reading
) -> Iterator[dg.MaterializeResult]:
    """Read what is due of every source and store it: each gap up to the horizon, and the overlap again."""
    sources, bounds = feed.sources(), feed.bounds()
    purge_history(context.instance, feed.run_history_days())
    with warehouse.turn():
        try:
            report = read_all(
                sources, warehouse.path, run_id=context.run.run_id, bounds=bounds, is_reconcile=config.reconcile
            )
        except WarehouseError as error:
            raise dg.Failure(str(error), allow_retries=False) from None
        with warehouse.get_connection(read_only=True) as connection:
            metadata = {table: table_metadata(connection, table) for table in _TABLES}
            lateness = measure_lateness(connection)
            metadata["activities"] |= run_metadata(report, lateness) | newest_activities(connection)
    if report.is_failure:
        raise dg.Failure(report.describe_failures(), metadata=metadata["activities"], allow_retries=False)
    for table in _TABLES:
        yield dg.MaterializeResult(asset_key=["raw", table], metadata=metadata[table])
