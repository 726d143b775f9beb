"""What differs between the marts that DuckDB built and those that Spark built: values, types, columns, rows."""

from __future__ import annotations

from pathlib import Path

import duckdb

# When a build first found something: two builds begin at two moments.
OF_THE_BUILD = {("findings", "found_at")}


def differences(warehouse: Path, tables: Path) -> list[str]:
    """A sentence per mart that differs, which names its columns; `tables` is Spark's warehouse directory.

    Both are read by DuckDB: times to the microsecond, lists in their order, null apart from every value.
    """
    with duckdb.connect() as connection:
        connection.execute(f"attach '{warehouse}' as built (read_only)")
        marts = connection.execute(
            "select table_name from duckdb_tables() "
            "where database_name = 'built' and schema_name = 'marts' order by table_name"
        ).fetchall()
        assert marts, f"{warehouse} has no marts."
        return [found for (mart,) in marts if (found := _difference(connection, mart, tables / "marts.db" / mart))]


def _difference(connection: duckdb.DuckDBPyConnection, mart: str, directory: Path) -> str | None:
    if not directory.is_dir():
        return f"{mart}: Spark has none"
    connection.execute(f"create or replace temp view spark_mart as from '{directory}/*.parquet'")
    ours, theirs = (
        [(row[0], row[1]) for row in connection.execute(f"describe {relation}").fetchall()]
        for relation in (f"built.marts.{mart}", "spark_mart")
    )
    if ours != theirs:
        return f"{mart}: columns or types differ: {sorted(set(ours) ^ set(theirs))}"
    columns = [name for name, _ in ours if (mart, name) not in OF_THE_BUILD]
    if not (missing := _missing(connection, mart, columns)):
        return None
    key = columns[0]
    one_by_one = {name: _missing(connection, mart, [key, name] if name != key else [key]) for name in columns}
    return f"{mart}: {missing} rows differ, in { ({name: count for name, count in one_by_one.items() if count}) }"


def _missing(connection: duckdb.DuckDBPyConnection, mart: str, columns: list[str]) -> int:
    """How many rows of these columns one of the two has and the other has not, duplicates counted."""
    names = ", ".join(f'"{name}"' for name in columns)
    one, other = f"select {names} from built.marts.{mart}", f"select {names} from spark_mart"
    [(count,)] = connection.execute(
        f"select (select count(*) from ({one} except all {other}))"
        f" + (select count(*) from ({other} except all {one}))"
    ).fetchall()
    return count
