"""Makes warehouses with a history of a given size from one that was landed over HTTP.

Landing ten million activities over HTTP for every run would take long and measure nothing new. A tenth of a
history is every tenth row. Ten times a history are ten organizations, each with its own people, keys and ids,
shifted by a quarter of an hour and ordered by time. So a larger history has more of everything but days, and its
payloads compress as badly as real ones. All have the same ledger, because they cover the same time.
"""

from pathlib import Path

from orchestration.warehouse.connection import open_warehouse

_LEDGER_TABLES = ("extracts", "feed_requests", "sources")
# Rows sorted at a time, approximately.
_SORTED_ROWS = 500_000

_SAMPLE = """
insert into raw.activities by name
select * from origin.raw.activities where ingest_seq % $factor = 0 order by ingest_seq
"""
# Ids begin with a type and `_01`; in a copy its number replaces `01`.
_MULTIPLY = """
insert into raw.activities by name
with copied as (
    select
        activities.* replace (
            activity_id || printf('_%03d', copy) as activity_id,
            created_at - to_seconds(copy * 854) as created_at,
            organization_id || printf('_%03d', copy) as organization_id,
            left(organization_uuid, 33) || printf('%03d', copy) as organization_uuid,
            (ingest_seq - 1) * $factor + copy + 1 as ingest_seq
        ),
        organization_uuid as own_uuid,
        copy
    from origin.raw.activities, range($factor) as copies (copy)
    where ingest_seq between $first and $last
),
reworded as (
    select
        * replace (
            regexp_replace(
                replace(
                    replace(regexp_replace(payload, '"id": ?"[^"]+"', '"id":"' || activity_id || '"'),
                        coalesce(own_uuid, '-'), coalesce(organization_uuid, '-')),
                    '@', printf('.%03d@', copy)
                ),
                '_01([0-9A-Za-z]{16,})', printf('_%03d', copy) || '\\1', 'g'
            ) as payload
        )
    from copied
)
select * exclude (own_uuid, copy) replace (sha256(payload) as payload_sha256)
from reworded
order by created_at desc
"""


def resize(origin: Path, path: Path, keep_every: int, copies: int) -> None:
    """Make a warehouse at `path` with every `keep_every`-th activity of `origin`, or with `copies` of each."""
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
