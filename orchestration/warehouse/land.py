"""Pages in, rows out: one transaction stores records, their ledger rows and the receipts of their requests.

Records arrive as bytes and are stored as these bytes. DuckDB reads the envelope out of them; what has been
stored before is found by id within the time range of the batch and a day around it (an activity may come back with
its time told less precisely), so that the cost does not grow with history.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import accumulate

import duckdb
import orjson
import pyarrow as pa

from orchestration.slices import Slice
from orchestration.warehouse.errors import RecordError
from orchestration.warehouse.ledger import Chunk, Receipt, record_requests, record_walks

_ENVELOPE = orjson.dumps(
    {
        "id": "VARCHAR",
        "created_at": "VARCHAR",
        "type": "VARCHAR",
        "organization_id": "VARCHAR",
        "organization_uuid": "VARCHAR",
        "actor": {"type": "VARCHAR"},
    }
).decode()
# An escaped half of a surrogate pair is valid JSON (RFC 8259, 8.2), but DuckDB refuses the whole text.
_HALF_PAIRS = r"\\u[dD][89a-fA-F][0-9a-fA-F]{2}"

# DuckDB would also take a date alone, or the word `infinity`; and it takes no leap second.
_RFC_3339 = r"^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d"
_LEAP_SECOND = r":60(\.\d+)?"

# The payloads stay in Arrow until they are inserted: the steps between copy narrow columns alone. A time with an
# offset is that moment in UTC.
_READ_ENVELOPES = r"""
create or replace temp table incoming as
with parsed as (
    select
        position,
        walk_index,
        payload_sha256,
        coalesce(
            try(json_transform(payload, $envelope)),
            try(json_transform(regexp_replace(payload, $half_pairs, '\\ufffd', 'g'), $envelope))
        ) as envelope
    from batch
)
select
    position,
    walks.source,
    walks.extract_id,
    walks.late_before,
    envelope.id as activity_id,
    timezone('UTC', case
        when regexp_matches(envelope.created_at, $form)
            then try_cast(regexp_replace(upper(envelope.created_at), $leap_second, ':59.999999') as timestamptz)
    end) as created_at,
    envelope.type as activity_type,
    envelope.organization_id,
    envelope.organization_uuid,
    envelope.actor.type as actor_type,
    payload_sha256
from parsed
join walks using (walk_index)
"""

# `verdict` of each record: new, duplicate, or revision (a known id with other content that was not seen yet).
_JUDGE = """
create or replace temp table judged as
with keys as (
    select
        position,
        source,
        activity_id,
        payload_sha256,
        first_value(payload_sha256) over (partition by source, activity_id order by position) as first_sha256,
        row_number() over (partition by source, activity_id order by position) as occurrence,
        row_number() over (partition by source, activity_id, payload_sha256 order by position) as repetition
    from incoming
),
reach as (
    select min(created_at) - interval 1 day as since, max(created_at) + interval 1 day as until from incoming
),
known as (
    select activities.source, activities.activity_id, activities.payload_sha256
    from raw.activities, reach
    where activities.created_at between reach.since and reach.until
)
select
    keys.position,
    case
        when known.activity_id is null and keys.occurrence = 1 then 'new'
        when keys.payload_sha256 = coalesce(known.payload_sha256, keys.first_sha256) then 'duplicate'
        when keys.repetition > 1 or revised.payload_sha256 is not null then 'duplicate'
        else 'revision'
    end as verdict
from keys
left join known on keys.source = known.source and keys.activity_id = known.activity_id
left join (select distinct source, activity_id, payload_sha256 from raw.activity_revisions) as revised
    on
        keys.source = revised.source
        and keys.activity_id = revised.activity_id
        and keys.payload_sha256 = revised.payload_sha256
"""

_STORE = """
insert into raw.{table} by name
select
    source, activity_id, created_at, activity_type, organization_id, organization_uuid, actor_type,
    batch.payload, incoming.payload_sha256, extract_id, $ingested_at as ingested_at,
    $base + position as ingest_seq, coalesce(created_at < late_before, false) as is_late
from batch
join incoming using (position)
join judged using (position)
where verdict = '{verdict}'
"""

_COUNT = """
select
    extract_id,
    count(*) filter (where verdict = 'new') as inserted_count,
    count(*) filter (where verdict = 'duplicate') as duplicate_count,
    count(*) filter (where verdict = 'revision') as revision_count,
    count(*) filter (where verdict = 'new' and coalesce(created_at < late_before, false)) as late_count,
    max(created_at) as newest
from incoming
join judged using (position)
group by extract_id
"""


def land(connection: duckdb.DuckDBPyConnection, chunks: Sequence[Chunk]) -> None:
    """Store the chunks and bring the ledger rows of their walks up to date, all in one transaction.

    Raises:
        RecordError: some records have no id or no time. Nothing was stored.
    """
    connection.begin()
    try:
        counts = _store_records(connection, chunks) if any(chunk.records for chunk in chunks) else {}
        walks = {chunk.walk.extract_id: chunk.walk for chunk in chunks}
        for chunk in chunks:
            chunk.walk.absorb(chunk)
        for walk in walks.values():
            walk.count(*counts.get(walk.extract_id, (0, 0, 0, 0, None)))
        record_walks(connection, list(walks.values()))
        record_requests(connection, _receipts(chunks))
        connection.commit()
    except BaseException:
        connection.rollback()
        raise


def _receipts(chunks: Sequence[Chunk]) -> Iterator[tuple[str, str | None, Receipt]]:
    for chunk in chunks:
        for receipt in chunk.receipts:
            yield chunk.walk.source, chunk.walk.extract_id, receipt


def _store_records(connection: duckdb.DuckDBPyConnection, chunks: Sequence[Chunk]) -> dict[str, tuple]:
    """Insert what is new. Returns, by extract id, the counts that `_COUNT` names."""
    connection.register("batch", _arrow_batch(chunks))
    connection.register("walks", _arrow_walks(chunks))
    connection.execute(
        _READ_ENVELOPES,
        {"envelope": _ENVELOPE, "half_pairs": _HALF_PAIRS, "form": _RFC_3339, "leap_second": _LEAP_SECOND},
    )
    _refuse_unreadable(connection)
    connection.execute(_JUDGE)
    [(newest,)] = connection.execute(
        "select max(ingest_seq) from (select max(ingest_seq) as ingest_seq from raw.activities "
        "union all select max(ingest_seq) from raw.activity_revisions)"
    ).fetchall()
    numbering = {"ingested_at": datetime.now(UTC).replace(tzinfo=None), "base": newest or 0}
    for table, verdict in (("activities", "new"), ("activity_revisions", "revision")):
        connection.execute(_STORE.format(table=table, verdict=verdict), numbering)
    counts = {found[0]: found[1:] for found in connection.execute(_COUNT).fetchall()}
    connection.execute("drop table incoming")
    connection.execute("drop table judged")
    connection.unregister("batch")
    connection.unregister("walks")
    return counts


def _refuse_unreadable(connection: duckdb.DuckDBPyConnection) -> None:
    found = connection.execute(
        """
        select extract_id, count(*), arg_min(payload_sha256, position), bool_or(activity_id is null)
        from incoming where activity_id is null or created_at is null group by extract_id
        """
    ).fetchall()
    if found:
        raise RecordError(
            {
                extract_id: f"{count} record(s) of the slice have no {'id' if no_id else 'readable created_at'} "
                f"(the first has SHA-256 {sha256}). The slice stays open; nothing of it is skipped."
                for extract_id, count, sha256, no_id in found
            }
        )


def _arrow_batch(chunks: Sequence[Chunk]) -> pa.Table:
    """The records as columns position (from 1), walk_index, payload, payload_sha256, in row groups for DuckDB."""
    records = [record for chunk in chunks for record in chunk.records]
    offsets = pa.array(accumulate(map(len, records), initial=0), pa.int64())
    text = pa.LargeStringArray.from_buffers(len(records), offsets.buffers()[1], pa.py_buffer(b"".join(records)))
    walk_index = [index for index, chunk in enumerate(chunks) for _ in chunk.records]
    digests = [digest for chunk in chunks for digest in chunk.digests]
    table = pa.table(
        {
            "position": pa.array(range(1, len(records) + 1), pa.int64()),
            "walk_index": pa.array(walk_index, pa.int32()),
            "payload": text,
            "payload_sha256": pa.array(digests, pa.string()),
        }
    )
    # DuckDB scans the batches of a table side by side.
    return pa.Table.from_batches(table.to_batches(max_chunksize=8192))


def _arrow_walks(chunks: Sequence[Chunk]) -> pa.Table:
    pieces: list[Slice] = [chunk.walk.piece for chunk in chunks]
    late_before = [piece.late_before and piece.late_before.replace(tzinfo=None) for piece in pieces]
    return pa.table(
        {
            "walk_index": pa.array(range(len(chunks)), pa.int32()),
            "source": [chunk.walk.source for chunk in chunks],
            "extract_id": [chunk.walk.extract_id for chunk in chunks],
            "late_before": pa.array(late_before, pa.timestamp("us")),
        }
    )
