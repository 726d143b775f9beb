"""SQL literals and transactions for DuckDB. Knows no table."""

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb


def literal(text: object) -> str:
    """The text as a quoted SQL string, for statements that take no parameters (`attach`, `copy`, `comment`)."""
    return "'" + str(text).replace("'", "''") + "'"


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
