"""Warehouses with a history of a wanted size, made from one that was landed over HTTP.

Landing ten million activities over HTTP for every run would take long and measure nothing new: a tenth is every
tenth row; ten times are ten copies of every row, with ids of their own, a few seconds apart, in the order of time,
as a feed with ten times the traffic would have given them. The ledger is the same for all: so is the covered time.
"""

from __future__ import annotations

from pathlib import Path

from orchestration.warehouse.connection import open_warehouse

_LEDGER_TABLES = ("extracts", "feed_requests", "sources")
# About so many rows are sorted at once.
_SORTED_ROWS = 500_000

_SAMPLE = """
insert into raw.activities by name
select * from origin.raw.activities where ingest_seq % $factor = 0 order by ingest_seq
"""
_MULTIPLY = """
insert into raw.activities by name
select
    activities.* replace (
        activity_id || '_' || copy as activity_id,
        created_at - to_microseconds(copy * 7_000_001) as created_at,
        replace(payload, activity_id, activity_id || '_' || copy) as payload,
        (ingest_seq - 1) * $factor + copy + 1 as ingest_seq
    )
from origin.raw.activities, range($factor) as copies (copy)
where ingest_seq between $first and $last
order by created_at desc
"""


def resize(origin: Path, path: Path, keep_every: int, copies: int) -> None:
    """A warehouse at `path` with every `keep_every`-th activity of `origin`, or `copies` of each."""
    with open_warehouse(path) as connection:
        connection.execute(f"attach '{origin}' as origin (read_only)")
        connection.execute("set preserve_insertion_order = true")
        for table in _LEDGER_TABLES:
            connection.execute(f"insert into raw.{table} by name from origin.raw.{table}")
        if copies == 1:
            connection.execute(_SAMPLE, {"factor": keep_every})
            return
        [(last,)] = connection.execute("select max(ingest_seq) from origin.raw.activities").fetchall()
        step = _SORTED_ROWS // copies
        for first in range(1, last + 1, step):
            connection.execute(_MULTIPLY, {"factor": copies, "first": first, "last": first + step - 1})
