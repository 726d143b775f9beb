"""Compares the marts that DuckDB built with those that Spark built: columns, types, rows, values."""

import json
from pathlib import Path

import duckdb

# Columns with the time of the build, which differs between two builds.
BUILD_COLUMNS = {("findings", "found_at")}
# The column that a table that grows has more than its model (`macros/spark/growing.sql`).
MARK = "archive_snapshot"


def differences(warehouse: Path, tables: Path) -> list[str]:
    """A message for each mart that differs, with its columns.

    `tables`: the directory of a build's marts, or the file `marts.json` with the names of the marts' files.
    DuckDB reads both: times to the microsecond, lists in order, null distinct from every value.
    """
    with duckdb.connect() as connection:
        connection.execute(f"attach '{warehouse}' as built (read_only)")
        marts = connection.execute(
            "select table_name from duckdb_tables() "
            "where database_name = 'built' and schema_name = 'marts' order by table_name"
        ).fetchall()
        assert marts, f"{warehouse} has no marts."
        files = (
            json.loads(tables.read_text())
            if tables.is_file()
            else {mart.name: list(map(str, mart.glob("*.parquet"))) for mart in tables.iterdir()}
        )
        compared = (_difference(connection, mart, files.get(mart)) for (mart,) in marts)
        return [message for message in compared if message]


def _difference(connection: duckdb.DuckDBPyConnection, mart: str, files: list[str] | None) -> str | None:
    if files is None:
        return f"{mart}: Spark has none"
    if not files:
        # Iceberg writes no file for no rows.
        has_rows = connection.execute(f"select 1 from built.marts.{mart} limit 1").fetchall()
        return f"{mart}: Spark's is empty" if has_rows else None
    names = [name.removeprefix("file:") for name in files]
    connection.execute(f"create or replace temp view spark_mart as from read_parquet({names})")
    duckdb_columns, spark_columns = (
        [(row[0], row[1]) for row in connection.execute(f"describe {relation}").fetchall() if row[0] != MARK]
        for relation in (f"built.marts.{mart}", "spark_mart")
    )
    if duckdb_columns != spark_columns:
        return f"{mart}: columns or types differ: {sorted(set(duckdb_columns) ^ set(spark_columns))}"
    columns = [name for name, _ in duckdb_columns if (mart, name) not in BUILD_COLUMNS]
    if not (count := _count_differences(connection, mart, columns)):
        return None
    key = columns[0]
    by_column = {
        name: _count_differences(connection, mart, [key, name] if name != key else [key]) for name in columns
    }
    return f"{mart}: {count} rows differ, in { ({name: rows for name, rows in by_column.items() if rows}) }"


def _count_differences(connection: duckdb.DuckDBPyConnection, mart: str, columns: list[str]) -> int:
    """How many rows of these columns only one of the two has, duplicates included."""
    names = ", ".join(f'"{name}"' for name in columns)
    built, spark = f"select {names} from built.marts.{mart}", f"select {names} from spark_mart"
    [(count,)] = connection.execute(
        f"select (select count(*) from ({built} except all {spark}))"
        f" + (select count(*) from ({spark} except all {built}))"
    ).fetchall()
    return count
