"""Stage `ingestion`: the tables of schema `raw`, filled from the Activity Feed."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import dagster as dg
import duckdb

from orchestration.charts import activities_per_hour
from orchestration.feed.errors import FeedError
from orchestration.ingest import refresh
from orchestration.report import Report
from orchestration.resources import ActivityFeed, Warehouse
from orchestration.slices import rfc3339
from orchestration.warehouse.errors import WarehouseError

GROUP = "ingestion"
OWNERS = ["team:compliance-data"]
SHOWN_SLICES = 20

_TABLES = {
    "activities": "One row per source and activity, append-only: what was seen first stays, byte for byte.",
    "activity_revisions": "One row per further content seen for an activity that is already stored.",
    "extracts": "The ledger: one row per walk of one slice, written together with the rows it covers.",
    "feed_requests": "One row per answer of the feed, with the request id under which the feed reports the read.",
    "sources": "One row per source: what one key can see, where its history begins, and how its last run went.",
}


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
    context: dg.AssetExecutionContext, feed: ActivityFeed, warehouse: Warehouse
) -> Iterator[dg.MaterializeResult]:
    """Read what is due of the feed and store it: every gap up to the horizon, and the overlap again."""
    source = feed.source()
    with warehouse.turn():
        try:
            report = refresh(source, warehouse.path, run_id=context.run.run_id)
        except (FeedError, WarehouseError) as error:
            raise dg.Failure(str(error), allow_retries=False) from None
        with warehouse.get_connection(read_only=True) as connection:
            metadata = {table: _table_metadata(connection, table) for table in _TABLES}
            metadata["activities"] |= _report_metadata(report) | _newest(connection, source.name)
    if report.due and not any(walk.status == "complete" for walk in report.walks):
        raise dg.Failure(report.describe_failures(), metadata=metadata["activities"], allow_retries=False)
    for table in _TABLES:
        yield dg.MaterializeResult(asset_key=["raw", table], metadata=metadata[table])


def _table_metadata(connection: duckdb.DuckDBPyConnection, table: str) -> dict[str, Any]:
    columns = connection.execute(
        "select column_name, lower(data_type) from duckdb_columns() "
        "where schema_name = 'raw' and table_name = ? order by column_index",
        [table],
    ).fetchall()
    [(count,)] = connection.execute(f"select count(*) from raw.{table}").fetchall()
    schema = dg.TableSchema(columns=[dg.TableColumn(name, kind) for name, kind in columns])
    return {"dagster/row_count": count, "dagster/column_schema": schema}


def _report_metadata(report: Report) -> dict[str, Any]:
    names = {
        "new": "inserted_count",
        "duplicates": "duplicate_count",
        "late": "late_count",
        "revised": "revision_count",
        "received": "received_count",
        "pages": "page_count",
    }
    return {label: report.total(count) for label, count in names.items()} | {
        "abandoned_walks": report.abandoned_count,
        "requests": report.request_count,
        "waited_seconds": round(report.waited_seconds, 1),
        "seconds": round(report.seconds, 1),
        "horizon": dg.MetadataValue.timestamp(report.horizon),
        "slices": f"{sum(walk.status == 'complete' for walk in report.walks)} of {len(report.due)} complete",
        "newest slices": _slices_table(report),
    }


def _slices_table(report: Report) -> dg.TableMetadataValue:
    columns = (
        "kind",
        "slice_start",
        "slice_end",
        "status",
        "pages",
        "received",
        "new",
        "duplicates",
        "late",
        "revised",
    )
    newest = sorted(report.walks, key=lambda walk: walk.piece.end, reverse=True)[:SHOWN_SLICES]
    rows = [
        (
            str(walk.piece.kind), rfc3339(walk.piece.start), rfc3339(walk.piece.end), walk.status, walk.page_count,
            walk.received_count, walk.inserted_count, walk.duplicate_count, walk.late_count, walk.revision_count,
        )
        for walk in newest
    ]  # fmt: skip
    numbers = set(columns[4:])
    return dg.MetadataValue.table(
        records=[dg.TableRecord(dict(zip(columns, row, strict=True))) for row in rows],
        schema=dg.TableSchema(
            columns=[dg.TableColumn(name, "int" if name in numbers else "string") for name in columns]
        ),
    )


def _newest(connection: duckdb.DuckDBPyConnection, source: str) -> dict[str, Any]:
    [(newest,)] = connection.execute(
        "select max(created_at) from raw.activities where source = ?", [source]
    ).fetchall()
    if newest is None:
        return {}
    hours = connection.execute(
        "select date_trunc('hour', created_at) as hour, count(*) from raw.activities "
        "where source = ? and created_at > ? - interval 7 days group by hour order by hour",
        [source, newest],
    ).fetchall()
    return {
        "newest created_at": dg.MetadataValue.timestamp(newest.replace(tzinfo=UTC)),
        "lag_seconds": round((datetime.now(UTC) - newest.replace(tzinfo=UTC)).total_seconds()),
        "activities per hour": activities_per_hour(hours),
    }
