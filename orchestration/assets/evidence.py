"""Seals and statements: what lets others check the warehouse without trusting whoever runs it."""

from typing import Any

import dagster as dg

from orchestration.resources import Warehouse
from orchestration.warehouse.seal import Sealing, seal_days

OWNERS = ["team:compliance-data"]


@dg.asset(
    key=["raw", "day_seals"],
    deps=[["raw", "activities"], ["raw", "extracts"]],
    group_name="ingestion",
    owners=OWNERS,
    kinds={"python", "duckdb"},
    description="One row per source, closed day and version: a hash over the day's activities, chained to the "
    "seal before it. A late arrival makes a further version; the first stays.",
)
def day_seals(warehouse: Warehouse) -> dg.MaterializeResult:
    """Seal what is closed and proven. The newest seals also stand in the event log, outside the warehouse."""
    with warehouse.turn(), warehouse.get_connection() as connection:
        report = seal_days(connection)
        [(row_count,)] = connection.execute("select count(*) from raw.day_seals").fetchall()
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": row_count,
            "sealed": sum(one.sealed_count for one in report),
            "sealed again": sum(one.resealed_count for one in report),
            "days waiting": sum(one.waiting_count for one in report),
            "newest seals": dg.MetadataValue.table(
                records=[dg.TableRecord(_newest(one)) for one in report],
                schema=dg.TableSchema(
                    columns=[
                        dg.TableColumn("source"),
                        dg.TableColumn("seals", "int"),
                        dg.TableColumn("newest day"),
                        dg.TableColumn("newest seal_sha256"),
                    ]
                ),
            ),
        }
    )


def _newest(one: Sealing) -> dict[str, Any]:
    return {
        "source": one.source,
        "seals": one.seal_count,
        "newest day": str(one.newest_date or "none"),
        "newest seal_sha256": one.newest_seal_sha256 or "none",
    }
