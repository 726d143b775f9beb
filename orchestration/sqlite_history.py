"""Dagster's SQLite history without a sync to disk, and without a new engine, for each event.

A run stores hundreds of events, each in two or three transactions of its own. By default SQLite syncs at every
commit, and when the last connection closes it also copies the log into the database: 18 ms a transaction where
this takes 0.3 ms. A power cut can cost the last seconds of Dagster's history, never its consistency; what the
product rests on is in the warehouse.
"""

import os
import sqlite3
from collections import OrderedDict
from functools import lru_cache
from typing import Any

from dagster._core.storage.event_log.sqlite import sqlite_event_log
from sqlalchemy import create_engine, event
from sqlalchemy.engine import Engine
from sqlalchemy.pool import NullPool

# A run writes to its own file and to those of all runs.
_MAX_KEPT = 8
_kept: OrderedDict[tuple[int, str], sqlite3.Connection] = OrderedDict()


def write_history_quickly() -> None:
    """Apply this to every SQLite file that the process opens through SQLAlchemy. Safe to call twice."""
    if not event.contains(Engine, "connect", _configure):
        event.listen(Engine, "connect", _configure)
    # Not public, but there is no setting. A new engine compiles every statement again: a run with 400 events
    # took 5.9 CPU seconds instead of 3.7.
    sqlite_event_log.create_engine = _engine_of_file


def _engine_of_file(url: str, *, poolclass: type[NullPool], connect_args: dict[str, Any]) -> Engine:
    # It holds no connection, as Dagster wants it: that would keep the files of old runs.
    return _engine(url, poolclass, tuple(connect_args.items()))


@lru_cache(maxsize=_MAX_KEPT)
def _engine(url: str, poolclass: type[NullPool], connect_args: tuple[tuple[str, Any], ...]) -> Engine:
    return create_engine(url, poolclass=poolclass, connect_args=dict(connect_args))


def _configure(connection: Any, _: Any) -> None:
    if not isinstance(connection, sqlite3.Connection):
        return
    [(mode,)] = connection.execute("pragma journal_mode").fetchall()
    # Without the write-ahead log a power cut could damage the file.
    if mode != "wal":
        return
    connection.execute("pragma synchronous = normal")
    _keep_open(connection.execute("pragma database_list").fetchall()[0][2])


def _keep_open(path: str) -> None:
    """Hold a connection to the file, so that no other is the last to close."""
    # A forked child must not use its parent's connections.
    key = os.getpid(), path
    if key in _kept:
        _kept.move_to_end(key)
        return
    kept = sqlite3.connect(path, check_same_thread=False)
    # Only a connection that has read holds the log.
    kept.execute("select 1 from sqlite_master limit 1").fetchall()
    _kept[key] = kept
    while len(_kept) > _MAX_KEPT:
        _kept.popitem(last=False)[1].close()
