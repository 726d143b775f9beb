"""Temporary tables as values: a function makes one, hands its name on, and it is dropped when its block ends.

No two have the same name, so nothing can rely on a table that another function left in the connection.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import count
from typing import Any

import duckdb

_numbers = count(1)


@contextmanager
def temporary(
    connection: duckdb.DuckDBPyConnection, name: str, query: str, parameters: Mapping[str, Any] | None = None
) -> Iterator[str]:
    """A temporary table with the rows of the query; yields the name by which statements reach it."""
    table = f"temp.{name}_{next(_numbers)}"
    connection.execute(f"create temp table {table} as {query}", dict(parameters or {}))
    try:
        yield table
    finally:
        # A failed statement aborts the transaction: no other is accepted, and its end removes the table.
        with suppress(duckdb.TransactionException):
            connection.execute(f"drop table if exists {table}")
