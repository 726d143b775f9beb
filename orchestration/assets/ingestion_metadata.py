"""Metadata of an ingestion run for the Dagster catalog: totals, a row per source, the newest slices."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import dagster as dg
import duckdb

from orchestration.ingest.report import RunReport, SourceReport
from orchestration.intervals import aware_utc, rfc3339
from orchestration.monitoring.lateness import Lateness
from orchestration.resources import SUMMARY

SHOWN_SLICES = 20
_COUNTS = {
    "received": "received_count",
    "new": "inserted_count",
    "duplicates": "duplicate_count",
    "late": "late_count",
    "revised": "revision_count",
    "quarantined": "quarantined_count",
}
_TEXTS = {"source", "kind", "slice_start", "slice_end", "status", "history_start", "horizon", "error"}


def table_metadata(connection: duckdb.DuckDBPyConnection, table: str) -> dict[str, Any]:
    """Row count and columns of a table of schema `raw`."""
    columns = connection.execute(
        "select column_name, lower(data_type) from duckdb_columns() "
        "where schema_name = 'raw' and table_name = ? order by column_index",
        [table],
    ).fetchall()
    [(count,)] = connection.execute(f"select count(*) from raw.{table}").fetchall()
    if table == "activities":
        # Activities that only the archive still has, counted without opening it.
        [(dropped,)] = connection.execute(
            "select coalesce(sum(row_count), 0) from raw.dropped_extracts"
        ).fetchall()
        count += int(dropped)
    schema = dg.TableSchema(columns=[dg.TableColumn(name, kind) for name, kind in columns])
    return {"dagster/row_count": count, "dagster/column_schema": schema}


def run_metadata(run: RunReport, lateness: Lateness) -> dict[str, Any]:
    """What the run did, in total and by source, and how late activities have arrived so far (in seconds)."""
    counts = {label: run.total(count) for label, count in (_COUNTS | {"pages": "page_count"}).items()}
    counts["requests"] = sum(report.request_count for report in run.reports)
    left = sum(len(report.left) for report in run.reports)
    return counts | {
        "outside of the asked time": run.total("outside_count"),
        SUMMARY: dg.MetadataValue.text("\n".join(_summary(run, counts))),
        "abandoned_extracts": sum(report.abandoned_count for report in run.reports),
        "waited_seconds": round(run.waited_seconds, 1),
        "seconds": round(run.seconds, 1),
        "horizon": dg.MetadataValue.timestamp(min(report.horizon for report in run.reports)),
        "slices": (
            f"{sum(report.complete_count for report in run.reports)} of "
            f"{sum(len(report.due) for report in run.reports)} complete"
        ),
        "slices_left": left,
        "seconds_left": round(max(report.seconds_left for report in run.reports)),
        **_lateness_metadata(lateness),
        "sources": _table([_source_row(report) for report in run.reports]),
        "newest slices": _table(_slice_rows(run.reports)),
    }


def _summary(run: RunReport, counts: dict[str, int]) -> Iterator[str]:
    yield (
        f"Read: {counts['received']} activities in {counts['requests']} requests, {counts['new']} new, "
        f"{counts['duplicates']} known, {counts['late']} late, {counts['revised']} revised."
    )
    if not counts["new"]:
        yield "Nothing was new."
    yield from (f"  {line}" for line in run.describe())


def _lateness_metadata(lateness: Lateness) -> dict[str, float]:
    seconds = {"p50": lateness.p50, "p99": lateness.p99, "max": lateness.longest}
    return {f"lateness_{name}_seconds": round(value, 1) for name, value in seconds.items() if value is not None}


def newest_activities(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """The time of the newest activity, and its age in seconds. Dagster plots the age over many runs."""
    [(newest,)] = connection.execute("select max(created_at) from raw.activities").fetchall()
    if newest is None:
        return {}
    return {
        "newest created_at": dg.MetadataValue.timestamp(aware_utc(newest)),
        "lag_seconds": round((datetime.now(UTC) - aware_utc(newest)).total_seconds()),
    }


def _source_row(report: SourceReport) -> dict[str, Any]:
    return {
        "source": report.source,
        "complete": report.complete_count,
        "due": len(report.due),
        "left": len(report.left),
        "seconds_left": round(report.seconds_left),
        **{label: report.total(count) for label, count in _COUNTS.items()},
        "history_start": rfc3339(report.history_start) if report.history_start else "",
        "horizon": rfc3339(report.horizon),
        "error": report.describe_failures(),
    }


def _slice_rows(reports: Sequence[SourceReport]) -> list[dict[str, Any]]:
    extracts = [extract for report in reports for extract in report.extracts]
    newest = sorted(extracts, key=lambda extract: extract.time_slice.end, reverse=True)[:SHOWN_SLICES]
    return [
        {
            "source": extract.source,
            "kind": str(extract.time_slice.kind),
            "slice_start": rfc3339(extract.time_slice.start),
            "slice_end": rfc3339(extract.time_slice.end),
            "status": extract.status,
            "pages": extract.page_count,
            **{label: getattr(extract, count) for label, count in _COUNTS.items()},
        }
        for extract in newest
    ]


def _table(rows: list[dict[str, Any]]) -> dg.TableMetadataValue:
    columns = [dg.TableColumn(name, "string" if name in _TEXTS else "int") for name in (rows[0] if rows else ())]
    return dg.MetadataValue.table(
        records=[dg.TableRecord(row) for row in rows], schema=dg.TableSchema(columns=columns)
    )
