"""What Spark built, as a database that is published from like a warehouse: its marts as views on Spark's files.

Beside them it has the ledger that the build read, which says how complete the marts are.
"""

import os
from collections.abc import Mapping
from pathlib import Path

import duckdb

from orchestration.duckdb_sql import literal
from orchestration.publish.errors import PublicationError
from orchestration.publish.marts import SCHEMA, Catalog, Mart
from orchestration.warehouse.builds import record_build
from orchestration.warehouse.connection import open_warehouse, read_s3

# What an edition and its files need to know besides the marts.
LEDGER_TABLES = ("activity_revisions", "day_seals", "extracts", "removals")


def write_finished_build(
    path: Path, tables: str, build: str, ledger: Mapping[str, Path], catalog: Catalog
) -> None:
    """Replace the database at the path by one of this finished build.

    `tables`: the directory or address that Spark keeps its tables in; `ledger`: a Parquet file for each of
    `LEDGER_TABLES`.

    Raises:
        PublicationError: a mart is not where Spark keeps its tables, or is not as the contract says.
        WarehouseError: the database cannot be written.
    """
    draft = path.with_name(f"{path.name}.draft")
    draft.unlink(missing_ok=True)
    with open_warehouse(draft) as connection:
        read_spark_files(connection, tables)
        for table in LEDGER_TABLES:
            connection.execute(f"insert into raw.{table} by name from read_parquet(?)", [str(ledger[table])])
        connection.execute(f"create schema {SCHEMA}")
        for mart in catalog.marts:
            _create_view(connection, mart, f"{tables}/{SCHEMA}_build_{build}.db/{mart.name}")
        [(through,)] = connection.execute(
            f"select coalesce(max(ingest_seq), 0) from {SCHEMA}.activities"
        ).fetchall()
        connection.execute(
            "insert into raw.dbt_runs values (?, 'build', true, ?, [], ?, current_localtimestamp())",
            [build, len(catalog.marts), through],
        )
        record_build(connection, catalog.project_hash, through, 0)
        connection.execute("checkpoint")
    os.replace(draft, path)


def read_spark_files(connection: duckdb.DuckDBPyConnection, tables: str) -> None:
    """Have the connection read what Spark keeps in a store."""
    if tables.startswith("s3://"):
        read_s3(connection)


def _create_view(connection: duckdb.DuckDBPyConnection, mart: Mart, directory: str) -> None:
    columns = ", ".join(f'cast("{one.name}" as {one.data_type}) as "{one.name}"' for one in mart.columns)
    files = f"read_parquet({literal(f'{directory}/*.parquet')})"
    try:
        connection.execute(f"create view {SCHEMA}.{mart.name} as select {columns} from {files}")
    except (duckdb.IOException, duckdb.BinderException) as error:
        raise PublicationError(
            f"{mart.name} of the finished build is not in {directory} as Parquet with the columns of its contract "
            f"({type(error).__name__}). Check SPARK_WAREHOUSE; what was published before stays."
        ) from None
