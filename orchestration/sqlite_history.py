"""Dagster's SQLite history without a sync to disk for each event.

A run stores hundreds of events, each in a transaction of its own and over a new connection. By default SQLite
syncs at every commit, and when the last connection closes it also copies the log into the database: 18 ms a
transaction where this takes 0.3 ms. A power cut can cost the last seconds of Dagster's history, never its
consistency; what the product rests on is in the warehouse.
"""

from __future__ import annotations

import os
import sqlite3
from collections import OrderedDict
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine

# A run writes to its own file and to those of all runs.
_MAX_KEPT = 8
_kept: OrderedDict[tuple[int, str], sqlite3.Connection] = OrderedDict()


def write_history_quickly() -> None:
    """Apply it to every SQLite file that this process opens through SQLAlchemy. Can be called again."""
    if not event.contains(Engine, "connect", _configure):
        event.listen(Engine, "connect", _configure)


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
