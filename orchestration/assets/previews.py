"""Previews of marts in the Dagster UI, without the columns that can hold personal data."""

import dagster as dg
import duckdb

from orchestration.publish.marts import SCHEMA, Mart

SHOWN_ROWS = 5


def preview(connection: duckdb.DuckDBPyConnection, mart: Mart) -> dg.TableMetadataValue:
    """The last rows in the mart's own order: the newest ones if it is ordered by time."""
    shown = [column.name for column in mart.columns if column.pii is None]
    names = ", ".join(f'cast("{name}" as varchar)' for name in shown)
    order = ", ".join(f'"{name}" desc' for name in mart.order_by)
    rows = connection.execute(
        f"select {names} from {SCHEMA}.{mart.name}{f' order by {order}' if order else ''} limit {SHOWN_ROWS}"
    ).fetchall()
    return dg.MetadataValue.table(
        records=[
            dg.TableRecord({name: value or "" for name, value in zip(shown, row, strict=True)}) for row in rows
        ],
        schema=dg.TableSchema(columns=[dg.TableColumn(name, "string") for name in shown]),
    )
