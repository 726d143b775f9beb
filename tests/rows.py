"""Rows of a DuckDB file, all read with one engine: to start one takes eight times as long as to open a file."""

from pathlib import Path
from typing import Any

import duckdb

_ENGINE = duckdb.connect()


def rows(path: Path, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
    """The rows of a query on the file, with times in UTC."""
    with _ENGINE.cursor() as connection:
        connection.execute(f"set TimeZone = 'UTC'; attach '{path}' as file (read_only); use file")
        try:
            return connection.execute(sql, parameters).fetchall()
        finally:
            connection.execute("use memory; detach file")
