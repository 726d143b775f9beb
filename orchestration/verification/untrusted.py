"""Reading a warehouse without trusting it: verification looks at its tables, and runs no code that is in the file.

A macro `main.sha256` in the file, or a view that reads elsewhere, would let an edited record pass. So the file is
attached to a database in memory that has functions and views of its own, and a file with other code is refused.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import duckdb

from orchestration.warehouse.connection import open_beside, read_s3
from orchestration.warehouse.errors import WarehouseError
from orchestration.warehouse.schema import COVERAGE_VIEW, create_schema
from orchestration.warehouse.stored_view import archive_place, stored_view

# dbt creates views in its own schemas; none of our statements read them.
_OUR_VIEWS = ("coverage", "stored_activities")
_SHADOWING = "('main', 'raw', 'pg_catalog', 'information_schema', 'temp', 'system')"

# Code that could be mistaken for our names or types, and whatever runs when a table of `raw` is read.
_CODE = f"""
with code as (
    select 'macro ' || schema_name || '.' || function_name as item
    from duckdb_functions() where database_name = 'warehouse' and not internal
    union all
    select 'view ' || schema_name || '.' || view_name
    from duckdb_views()
    where
        database_name = 'warehouse' and not internal and schema_name in {_SHADOWING}
        and not (schema_name = 'raw' and view_name in {_OUR_VIEWS})
    union all
    select 'type ' || schema_name || '.' || type_name
    from duckdb_types()
    where database_name = 'warehouse' and not internal and schema_name in {_SHADOWING}
    union all
    select 'sequence ' || schema_name || '.' || sequence_name
    from duckdb_sequences() where database_name = 'warehouse' and schema_name in {_SHADOWING}
    union all
    select 'trigger ' || trigger_name || ' of ' || schema_name || '.' || table_name
    from duckdb_triggers() where database_name = 'warehouse'
    union all
    select 'computed column raw.' || table_name || '.' || column_name
    from duckdb_columns() where database_name = 'warehouse' and schema_name = 'raw' and is_generated
    union all
    select 'collation raw.' || table_name
    from duckdb_tables()
    where database_name = 'warehouse' and schema_name = 'raw' and contains(lower(sql), 'collate ')
)
select distinct item from code order by item
"""

_COLUMNS = """
select table_name, column_name, data_type
from duckdb_columns() join duckdb_tables() using (database_name, schema_name, table_name)
where schema_name = 'raw' and database_name = $database
order by table_name, column_index
"""

_DEFINITIONS = """
with views as (
    select database_name, view_name, sql from duckdb_views()
    where schema_name = 'raw' and list_contains($views::varchar[], view_name)
)
select ours.view_name
from (from views where database_name = 'memory') as ours
left join (from views where database_name = 'warehouse') as theirs using (view_name)
where ours.sql is distinct from theirs.sql
order by ours.view_name
"""

_STORED = """
select sql from duckdb_views()
where database_name = 'warehouse' and schema_name = 'raw' and view_name = 'stored_activities'
"""


@contextmanager
def open_untrusted(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection on which `raw` are our own views of the file's tables. The file may not be open here otherwise.

    Raises:
        WarehouseError: the file has code that the product did not put there, or cannot be used.
    """
    with open_beside(path) as connection:
        _refuse(path, [item for (item,) in connection.execute(_CODE).fetchall()])
        _view_tables(connection, path)
        _make_views(connection, path)
        yield connection


def require_known_code(path: Path) -> None:
    """Refuse a file with code that the product did not put there.

    Raises:
        WarehouseError: it has some, or cannot be used.
    """
    with open_untrusted(path):
        pass


@cache
def _expected_columns() -> tuple[tuple[str, str, str], ...]:
    with duckdb.connect() as scratch:
        create_schema(scratch)
        return tuple(scratch.execute(_COLUMNS, {"database": "memory"}).fetchall())


def _view_tables(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    expected = _expected_columns()
    found = set(connection.execute(_COLUMNS, {"database": "warehouse"}).fetchall())
    for table, column, kind in expected:
        if (table, column, kind) not in found:
            raise WarehouseError(
                f"{path} is not as this product makes it: raw.{table} is not a table with {column} ({kind}). Keep "
                "this file as it is, and compare it with a backup."
            )
    connection.execute("create schema raw")
    for table in dict.fromkeys(table for table, *_ in expected):
        columns = ", ".join(column for name, column, _ in expected if name == table)
        connection.execute(f"create view raw.{table} as select {columns} from warehouse.raw.{table}")


def _make_views(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Our own versions of the file's views, which must have the same definitions."""
    connection.execute(COVERAGE_VIEW)
    found = connection.execute(_STORED).fetchall()
    place = archive_place(connection, found[0][0]) if found else None
    if place is not None and "://" in place:
        if not place.startswith("s3://"):
            _refuse(path, ["view raw.stored_activities"])
        read_s3(connection)
    if place is None and connection.execute("from raw.archive_files where dropped_at is not null").fetchall():
        _refuse(path, ["view raw.stored_activities"])
    connection.execute(stored_view(connection, lambda name: f"{place}/{name}"))
    differing = connection.execute(_DEFINITIONS, {"views": list(_OUR_VIEWS)}).fetchall()
    _refuse(path, [f"view raw.{name}" for (name,) in differing])


def _refuse(path: Path, items: list[str]) -> None:
    if items:
        raise WarehouseError(
            f"{path} has code that this product did not put there and that could hide changes: "
            f"{', '.join(items)}. Keep this file as it is, and compare it with a backup."
        )
