"""Literals, rows, Arrow tables and transactions of DuckDB. Knows no table of ours."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import duckdb
import pyarrow as pa


def literal(text: object) -> str:
    """The text as a quoted SQL string, for statements that take no parameters (`attach`, `copy`, `comment`)."""
    return "'" + str(text).replace("'", "''") + "'"


def dict_rows(
    connection: duckdb.DuckDBPyConnection, query: str, parameters: Mapping[str, Any] | None = None
) -> list[dict[str, Any]]:
    """The rows of a query, each a mapping of column to value."""
    found = connection.execute(query, parameters)
    names = [name for name, *_ in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


@contextmanager
def registered(connection: duckdb.DuckDBPyConnection, name: str, table: pa.Table) -> Iterator[None]:
    """Statements of the block can read the Arrow table under this name."""
    connection.register(name, table)
    try:
        yield
    finally:
        # A failed statement aborts the transaction: no other is accepted, and its end removes the table.
        with suppress(duckdb.TransactionException):
            connection.unregister(name)


@contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Commit what the block does, or roll it back on any exception."""
    connection.begin()
    try:
        yield
        connection.commit()
    except BaseException:
        connection.rollback()
        raise
