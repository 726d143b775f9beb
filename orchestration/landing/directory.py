"""Stores walks of the directory: one transaction has the items that changed and the walks' rows in the ledger.

An item whose bytes are as last observed adds no row. Only a complete walk can say that an item is gone, and one in
which too many are gone that no event names is kept aside: it may be a fault of the API that looks like a removal.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import duckdb
import pyarrow as pa

from orchestration.api.lists import values
from orchestration.duckdb_sql import registered, transaction
from orchestration.intervals import naive_utc
from orchestration.landing.key_usage import USAGE, store_days
from orchestration.landing.walk import Walk, insert_numbered, record_walks

# A walk of fewer items is never refused.
MIN_ITEMS = 10
# Events from so long before the last complete walk explain what is gone as well: clocks differ.
CLOCKS_DIFFER_BY = timedelta(minutes=1)

_OF_LIST = "source = $source and list_name = $list_name and parent_id is not distinct from $parent_id"
_LAST_OBSERVED = """
select
    items.source,
    items.list_name,
    items.parent_id,
    items.item_id,
    arg_max(items.payload_sha256, items.ingest_seq)
from raw.directory_items as items
semi join walked_places as places
    on
        items.source = places.source
        and items.list_name = places.list_name
        and items.parent_id is not distinct from places.parent_id
group by all
having arg_max(items.is_present, items.ingest_seq)
"""
_LAST_PAYLOADS = f"""
select item_id, arg_max(payload, ingest_seq) from raw.directory_items
where {_OF_LIST} and list_contains($item_ids, item_id) group by item_id
"""
# The last walks, except failed ones, which say nothing.
_LAST_WALK = f"""
select
    arg_max(status, (coalesce(walk_seq, 0), started_at)) as status,
    max(started_at) filter (where status = 'complete') as complete_at
from raw.directory_walks
where {_OF_LIST} and status <> 'failed'
"""
# Everyone active in that time is the actor of an event; only those whom one affects count as named.
_NAMED = r"""
with texts as (
    select coalesce(try(json_merge_patch(payload, '{"actor": null}')::varchar), payload) as text
    from raw.activities
    where created_at >= $since
),
words as (
    select distinct unnest(regexp_extract_all(text, '"([^"\\]+)"', 1)) as word from texts
)
select word from words where list_contains($names, word)
"""


_PLACES = pa.schema({name: pa.string() for name in ("source", "list_name", "parent_id")})
# Source, list and parent.
_Place = tuple[str, str, str | None]


@dataclass(frozen=True, slots=True)
class _Change:
    """How the walk differs from the last observation, as item ids."""

    new: frozenset[str]
    changed: frozenset[str]
    gone: frozenset[str]
    present_before: int


def land_walks(connection: duckdb.DuckDBPyConnection, walks: Sequence[Walk], max_gone_percent: int) -> None:
    """Store the walks as they ended, each once, and update their status and counts.

    `max_gone_percent`: a complete walk that lacks more of the items that were there, not counting those that an
    event names, is refused; the second one in a row is believed.
    """
    complete = [walk for walk in walks if walk.status == "complete"]
    with transaction(connection):
        store_days(connection, [walk for walk in complete if walk.list_name == USAGE])
        _store_items(connection, [walk for walk in complete if walk.list_name != USAGE], max_gone_percent)
        record_walks(connection, walks)


def _store_items(connection: duckdb.DuckDBPyConnection, walks: Sequence[Walk], max_gone_percent: int) -> None:
    known = _last_observed(connection, walks)
    rows: list[dict[str, Any]] = []
    for walk in walks:
        change = _compare(walk, known.get(_place(walk), {}))
        if _is_doubtful(connection, walk, change, max_gone_percent):
            walk.status = "refused"
            walk.error = (
                f"{len(change.gone)} of {change.present_before} items are gone, and no event says so. Nothing of "
                "the walk was stored; if the next one shows the same, it is believed."
            )
            continue
        walk.new_count, walk.changed_count, walk.gone_count = map(len, (change.new, change.changed, change.gone))
        rows += _rows(walk, change)
    insert_numbered(connection, "directory_items", rows)


def _last_observed(connection: duckdb.DuckDBPyConnection, walks: Sequence[Walk]) -> dict[_Place, dict[str, str]]:
    """The hashes of the items that were there, by item id, for each list below each parent."""
    places = pa.Table.from_pylist([_key(walk) for walk in walks], schema=_PLACES)
    known: dict[_Place, dict[str, str]] = {}
    with registered(connection, "walked_places", places):
        found = connection.execute(_LAST_OBSERVED).fetchall()
    for source, list_name, parent_id, item_id, payload_sha256 in found:
        known.setdefault((source, list_name, parent_id), {})[item_id] = payload_sha256
    return known


def _compare(walk: Walk, present: Mapping[str, str]) -> _Change:
    hashes = walk.hashes
    return _Change(
        new=frozenset(hashes.keys() - present.keys()),
        changed=frozenset(one for one in hashes.keys() & present.keys() if hashes[one] != present[one]),
        gone=frozenset(present.keys() - hashes.keys()),
        present_before=len(present),
    )


def _is_doubtful(
    connection: duckdb.DuckDBPyConnection, walk: Walk, change: _Change, max_gone_percent: int
) -> bool:
    def is_too_many(gone_count: int) -> bool:
        return gone_count * 100 > change.present_before * max_gone_percent

    if change.present_before < MIN_ITEMS or not is_too_many(len(change.gone)):
        return False
    [(last_status, complete_at)] = connection.execute(_LAST_WALK, _key(walk)).fetchall()
    if last_status == "refused" or complete_at is None:
        return False
    names = dict(_names(connection, walk, change))
    window = {"since": complete_at - CLOCKS_DIFFER_BY, "names": list(set().union(*names.values()))}
    named = {word for (word,) in connection.execute(_NAMED, window).fetchall()}
    return is_too_many(sum(named.isdisjoint(names[item_id]) for item_id in change.gone))


def _names(connection: duckdb.DuckDBPyConnection, walk: Walk, change: _Change) -> Iterator[tuple[str, set[str]]]:
    """What an event can name each missing item by: its id, user or email; a permission by its role."""
    of_parent = {walk.parent_id} if walk.list_name == "role_permissions" and walk.parent_id else set()
    parameters = _key(walk) | {"item_ids": sorted(change.gone)}
    for item_id, payload in connection.execute(_LAST_PAYLOADS, parameters).fetchall():
        fields = values((payload or "{}").encode())
        yield (
            item_id,
            {item_id, *of_parent} | {str(fields[one]) for one in ("user_id", "email") if fields.get(one)},
        )


def _rows(walk: Walk, change: _Change) -> Iterator[dict[str, Any]]:
    """A row for each item that is new, changed or gone, in the order of ids."""
    for item_id in sorted(change.new | change.changed | change.gone):
        is_present = item_id not in change.gone
        yield _key(walk) | {
            "item_id": item_id,
            "walk_id": walk.walk_id,
            "is_present": is_present,
            "payload": walk.items[item_id].decode() if is_present else None,
            "payload_sha256": walk.hashes.get(item_id),
            "observed_at": naive_utc(walk.started_at),
        }


def _place(walk: Walk) -> _Place:
    return walk.source, walk.list_name, walk.parent_id


def _key(walk: Walk) -> dict[str, Any]:
    return dict(zip(_PLACES.names, _place(walk), strict=True))
