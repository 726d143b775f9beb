"""Rows of a DuckDB file, all read with one engine: to start one takes eight times as long as to open a file.

And a process that holds a file.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

_ENGINE = duckdb.connect()
_HOLD = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"


def rows(path: Path, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
    """The rows of a query on the file, with times in UTC."""
    with _ENGINE.cursor() as connection:
        connection.execute(f"set TimeZone = 'UTC'; attach '{path}' as file (read_only); use file")
        try:
            return connection.execute(sql, parameters).fetchall()
        finally:
            connection.execute("use memory; detach file")


@contextmanager
def held(path: Path) -> Iterator[int]:
    """Another process has the file open during the block; yields its number."""
    with subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdin
        assert holder.stdout
        assert holder.stdout.readline() == b"held\n"
        yield holder.pid
        holder.stdin.close()
