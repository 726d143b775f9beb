"""Schema drift: activity types, actor types and fields that the feed's documentation does not have."""

from datetime import UTC, datetime, timedelta

import dagster as dg
import duckdb

from orchestration.checks.results import asset_check_result
from orchestration.intervals import naive_utc
from orchestration.monitoring.check_result import CheckResult
from orchestration.resources import Warehouse

PERIOD = timedelta(days=30)
SHOWN = 20

_DRIFT = """
select drift_kind, coalesce(activity_type, actor_type, ''), name, activity_count, first_seen_at, last_seen_at
from marts.schema_drift
where last_seen_at >= ?
order by first_seen_at desc, drift_kind, name
"""
_COLUMNS = ("kind", "type", "name", "activities", "first seen", "last seen")


@dg.asset_check(
    asset=["marts", "schema_drift"],
    description="The last 30 days have no activity type, actor type or field that the documented contract lacks.",
)
def documented_contract_is_current(warehouse: Warehouse) -> dg.AssetCheckResult:
    """Warn of undocumented types and fields. The records are stored in full, but not classified."""
    with warehouse.lock(), warehouse.get_connection(read_only=True) as connection:
        found = drift(connection, datetime.now(UTC))
    result = asset_check_result("documented_contract_is_current", ["marts", "schema_drift"], evaluate(found))
    return result._replace(metadata={**result.metadata, "newest": _table(found[:SHOWN])}) if found else result


def drift(connection: duckdb.DuckDBPyConnection, now: datetime) -> list[tuple]:
    """Rows of `marts.schema_drift` seen in the last 30 days, newest first, in the order of `_COLUMNS`."""
    since = naive_utc(now - PERIOD)
    return connection.execute(_DRIFT, [since]).fetchall()


def evaluate(found: list[tuple]) -> CheckResult:
    """The check result for the rows that `drift` returns."""
    figures = {
        label: sum(row[0] == kind for row in found)
        for kind, label in (
            ("activity_type", "activity types"), ("actor_type", "actor types"),
            ("field", "fields"), ("actor_field", "fields of actors"),
        )
    }  # fmt: skip
    if not found:
        return CheckResult(True, "Everything of the last 30 days is documented.", figures=figures)
    counts = ", ".join(f"{count} {label}" for label, count in figures.items() if count)
    return CheckResult(
        False,
        f"Not in the documented contract: {counts}. Every record is stored in full. See marts.schema_drift, and "
        "add what is documented by now to the seeds activity_types and documented_fields.",
        is_error=False,
        figures=figures,
    )


def _table(rows: list[tuple]) -> dg.TableMetadataValue:
    return dg.MetadataValue.table(
        records=[
            dg.TableRecord(
                {
                    name: value if isinstance(value, int) else str(value)
                    for name, value in zip(_COLUMNS, row, strict=True)
                }
            )
            for row in rows
        ],
        schema=dg.TableSchema(
            columns=[dg.TableColumn(name, "int" if name == "activities" else "string") for name in _COLUMNS]
        ),
    )
