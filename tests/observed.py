"""Directory walks without a server: rows of `raw` as the reader writes them, for the tests of their evidence."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import duckdb

from orchestration import __version__
from orchestration.intervals import naive_utc

_STATE = """
select item_id, arg_max(payload_sha256, ingest_seq)
from raw.directory_items
where source = $source and list_name = $list_name and parent_id is not distinct from $parent_id
group by item_id
having arg_max(is_present, ingest_seq)
"""
_NEXT = """
select
    (select coalesce(max(walk_seq), 0) + 1 from raw.directory_walks),
    (select coalesce(max(ingest_seq), 0) + 1 from raw.directory_items)
"""


def observe(
    connection: duckdb.DuckDBPyConnection,
    list_name: str,
    items: Mapping[str, Mapping[str, Any]],
    at: datetime,
    *,
    parent_id: str | None = None,
    source: str = "test",
) -> str:
    """A complete walk of a list that found these items, by id. Returns its id."""
    key = {"source": source, "list_name": list_name, "parent_id": parent_id}
    before = dict(connection.execute(_STATE, key).fetchall())
    [(walk_seq, ingest_seq)] = connection.execute(_NEXT).fetchall()
    walk_id = f"walk_{walk_seq:05}"
    texts = {one: json.dumps(item) for one, item in items.items()}
    hashes = {one: hashlib.sha256(text.encode()).hexdigest() for one, text in texts.items()}
    content = "".join(hashes[one] for one in sorted(hashes, key=str.encode))
    changes = [one for one in hashes if hashes[one] != before.get(one)]
    gone = [one for one in before if one not in hashes]
    at = naive_utc(at)
    connection.begin()
    connection.execute(
        "insert into raw.directory_walks by name select $walk_id as walk_id, $source as source, "
        "$list_name as list_name, $parent_id as parent_id, 'complete' as status, 1 as page_count, "
        "$item_count as item_count, $new_count as new_count, $changed_count as changed_count, "
        "$gone_count as gone_count, $content_sha256 as content_sha256, $at as started_at, $at as finished_at, "
        "$product_version as product_version, $walk_seq as walk_seq",
        key
        | {
            "walk_id": walk_id,
            "item_count": len(items),
            "new_count": sum(one not in before for one in changes),
            "changed_count": sum(one in before for one in changes),
            "gone_count": len(gone),
            "content_sha256": hashlib.sha256(content.encode()).hexdigest(),
            "at": at,
            "product_version": __version__,
            "walk_seq": walk_seq,
        },
    )
    for number, one in enumerate([*changes, *gone], start=ingest_seq):
        connection.execute(
            "insert into raw.directory_items values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [*key.values(), one, walk_id, one in texts, texts.get(one), hashes.get(one), at, number],
        )
    connection.commit()
    return walk_id


def observe_usage(
    connection: duckdb.DuckDBPyConnection, rows: Mapping[str, int], at: datetime, *, source: str = "test"
) -> str:
    """A complete walk of the usage report of the day before `at`, which is stored: output tokens by key."""
    day = naive_utc(at).date().fromordinal(at.date().toordinal() - 1)
    [(walk_seq, _)] = connection.execute(_NEXT).fetchall()
    walk_id = f"walk_{walk_seq:05}"
    texts = {
        key: json.dumps({"api_key_id": key, "model": "m", "output_tokens": count}) for key, count in rows.items()
    }
    versions = "select coalesce(max(usage_version), 0) + 1 from raw.key_usage where source = ? and usage_date = ?"
    [(version,)] = connection.execute(versions, [source, day]).fetchall()
    connection.begin()
    connection.execute(
        "insert into raw.directory_walks by name select $walk_id as walk_id, $source as source, "
        "'usage' as list_name, $day::varchar as parent_id, 'complete' as status, 1 as page_count, "
        "$count as item_count, $count as new_count, 0 as changed_count, 0 as gone_count, $at as started_at, "
        "$at as finished_at, $product_version as product_version, $walk_seq as walk_seq",
        {
            "walk_id": walk_id,
            "source": source,
            "day": day,
            "count": len(rows),
            "at": naive_utc(at),
            "product_version": __version__,
            "walk_seq": walk_seq,
        },
    )
    for number, (key, count) in enumerate(rows.items(), start=1):
        connection.execute(
            "insert into raw.key_usage values (?, ?, ?, null, 'm', 0, 0, 0, ?, ?, ?, ?, sha256(?), ?, ?)",
            [
                source,
                day,
                key,
                count,
                version,
                walk_id,
                texts[key],
                texts[key],
                naive_utc(at),
                walk_seq * 1000 + number,
            ],
        )
    connection.commit()
    return walk_id
