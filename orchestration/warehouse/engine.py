"""Engines in memory that open one file after another: to start one takes eight times as long as to open a file."""

import atexit
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb

from orchestration.duckdb_sql import literal

# By process, because a forked child inherits engines without their threads.
_idle: dict[int, list[duckdb.DuckDBPyConnection]] = {}
# At the interpreter's exit, DuckDB's binding would report them as leaked.
atexit.register(_idle.clear)

_IS_EMPTY = """
select not exists(from duckdb_tables()) and not exists(from duckdb_views() where not internal)
    and not exists(from duckdb_databases() where not internal and database_name <> 'memory')
"""


class Engine:
    """Opens one file, and is then free to open the next, as good as new."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._temporary = Path(f"{path}.tmp")
        self._database = _take()

    def attach(self, options: Sequence[str]) -> duckdb.DuckDBPyConnection:
        """A connection to the file, as `warehouse`. `options`: of the statement `attach`."""
        connection = self._database.cursor()
        parenthesis = f"({', '.join(options)})" if options else ""
        try:
            connection.execute(
                f"reset threads; set temp_directory = {literal(self._temporary)}; "
                f"attach {literal(self._path)} as warehouse {parenthesis}; use warehouse"
            )
        except BaseException:
            connection.close()
            raise
        return connection

    def leave(self) -> None:
        """Close the file. Every connection to it must be closed already."""
        try:
            self._database.execute("detach warehouse")
        except duckdb.Error:
            self._database.close()
        else:
            # DuckDB cannot change its temporary directory once it has used one.
            _leave(self._database, is_reused=not self._temporary.exists())


@contextmanager
def in_memory(threads: int) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to no file, with this many threads; it never spills to disk."""
    database = _take()
    is_reused = False
    try:
        with database.cursor() as connection:
            connection.execute(f"set threads = {threads}; set temp_directory = ''")
            yield connection
        is_reused = True
    finally:
        _leave(database, is_reused)


def _take() -> duckdb.DuckDBPyConnection:
    idle = _idle.get(os.getpid())
    return idle.pop() if idle else duckdb.connect()


def _leave(database: duckdb.DuckDBPyConnection, is_reused: bool) -> None:
    if is_reused:
        # This makes the allocator return the memory that queries used; it would keep hundreds of megabytes.
        database.execute("reset memory_limit")
        if database.execute(_IS_EMPTY).fetchall() == [(True,)]:
            _idle.setdefault(os.getpid(), []).append(database)
            return
    database.close()
