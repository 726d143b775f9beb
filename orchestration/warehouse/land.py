"""Pages in, rows out: one transaction stores records, their ledger rows and the receipts of their requests.

Records arrive as bytes and are stored as these bytes. The narrow part of the work (reading the envelopes, judging
what is new) happens in temp tables; the payloads stay in Arrow until they are inserted, and move once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import duckdb
import pyarrow as pa

from orchestration.warehouse.envelopes import read_envelopes
from orchestration.warehouse.errors import WarehouseError
from orchestration.warehouse.ledger import Chunk, Receipt, Walk, record_requests, record_walks
from orchestration.warehouse.verdicts import judge

# Rows of a row group of DuckDB. A batch of exactly so many is compressed and written once. A smaller one goes
# through the log and is compressed when the file is closed; one that fills a row group and a bit makes the
# checkpoint move rows between row groups.
ROW_GROUP = 122_880
# DuckDB scans the batches of an Arrow table side by side.
_ARROW_BATCH = 8192

_SCHEMA = pa.schema(
    {
        "position": pa.int64(),
        "source": pa.string(),
        "extract_id": pa.string(),
        "late_before": pa.timestamp("us"),
        "payload": pa.large_string(),
        "payload_sha256": pa.large_string(),
    }
)

# `incoming` has the rows of `batch` in the same order: the positional join is a zip that costs next to nothing and
# keeps the feed's order, by which the engine later skips row groups.
_STORE = """
insert into raw.{table} by name
select
    incoming.source, activity_id, created_at, activity_type, organization_id, organization_uuid, actor_type,
    batch.payload, incoming.payload_sha256, incoming.extract_id, $ingested_at as ingested_at,
    $base + incoming.position as ingest_seq,
    coalesce(created_at < incoming.late_before, false) as is_late
from batch positional join incoming
where batch.position = incoming.position and {condition}
"""
_TARGETS = {
    "activities": "incoming.position not in (select position from judged where verdict <> 'new')",
    "activity_revisions": "incoming.position in (select position from judged where verdict = 'revision')",
}

_COUNT = """
select
    extract_id,
    count(*) filter (where verdict = 'new') as inserted_count,
    count(*) filter (where verdict = 'duplicate') as duplicate_count,
    count(*) filter (where verdict = 'revision') as revision_count,
    count(*) filter (where verdict = 'new' and coalesce(created_at < late_before, false)) as late_count,
    count(*) filter (where created_at < slice_start or created_at >= slice_end) as outside_count,
    max(created_at) as newest
from (
    select incoming.*, coalesce(judged.verdict, 'new') as verdict
    from incoming left join judged using (position)
)
inner join pieces using (extract_id)
group by extract_id
"""


def land(connection: duckdb.DuckDBPyConnection, chunks: Sequence[Chunk]) -> None:
    """Store the chunks and bring the ledger rows of their walks up to date, all in one transaction.

    Raises:
        RecordError: some records have no id, no time, or one that is still to come. Nothing was stored.
    """
    has_records = any(chunk.records for chunk in chunks)
    if has_records:
        # The zip of `_STORE` needs it; every other statement is indifferent.
        connection.execute("set preserve_insertion_order = true")
        connection.register("batch", _arrow_batch(chunks))
        read_envelopes(connection, _horizon(chunks))
    connection.begin()
    try:
        walks = {chunk.walk.extract_id: chunk.walk for chunk in chunks}
        counts = _store_records(connection, walks) if has_records else {}
        for chunk in chunks:
            chunk.walk.absorb(chunk)
        for walk in walks.values():
            walk.count(*counts.get(walk.extract_id, (0, 0, 0, 0, 0, None)))
        record_walks(connection, list(walks.values()))
        record_requests(connection, _receipts(chunks))
        connection.commit()
    except BaseException:
        connection.rollback()
        raise
    if has_records:
        connection.unregister("batch")


def _horizon(chunks: Sequence[Chunk]) -> datetime:
    """No record is from after it: now and every end that was asked for, and a day for clocks that differ."""
    return max(datetime.now(UTC), *(chunk.walk.piece.end for chunk in chunks)) + timedelta(days=1)


def _receipts(chunks: Sequence[Chunk]) -> Iterator[tuple[str, str | None, Receipt]]:
    for chunk in chunks:
        for receipt in chunk.receipts:
            yield chunk.walk.source, chunk.walk.extract_id, receipt


def _store_records(connection: duckdb.DuckDBPyConnection, walks: Mapping[str, Walk]) -> dict[str, tuple]:
    """Insert what is new. Returns, by extract id, the counts that `_COUNT` names."""
    judge(connection)
    connection.register("pieces", _pieces(walks))
    counts = {found[0]: found[1:] for found in connection.execute(_COUNT).fetchall()}
    connection.unregister("pieces")
    _insert(connection, counts)
    for name in ("incoming", "known", "revised", "judged"):
        connection.execute(f"drop table {name}")
    return counts


def _insert(connection: duckdb.DuckDBPyConnection, counts: dict[str, tuple]) -> None:
    [(newest,)] = connection.execute(
        "select max(ingest_seq) from (select max(ingest_seq) as ingest_seq from raw.activities "
        "union all select max(ingest_seq) from raw.activity_revisions)"
    ).fetchall()
    numbering = {"ingested_at": datetime.now(UTC).replace(tzinfo=None), "base": newest or 0}
    expected = {
        "activities": sum(inserted for inserted, *_ in counts.values()),
        "activity_revisions": sum(revised for _, _, revised, *_ in counts.values()),
    }
    for table, count in expected.items():
        if not count:
            continue
        statement = _STORE.format(table=table, condition=_TARGETS[table])
        [(stored,)] = connection.execute(statement, numbering).fetchall()
        if stored != count:
            raise WarehouseError(f"{stored} of {count} records would have been stored, so none was. Run again.")


def _pieces(walks: Mapping[str, Walk]) -> pa.Table:
    """Which time each walk asked for."""
    moments = {
        name: pa.array(
            [getattr(walk.piece, bound).replace(tzinfo=None) for walk in walks.values()], pa.timestamp("us")
        )
        for name, bound in (("slice_start", "start"), ("slice_end", "end"))
    }
    return pa.table({"extract_id": pa.array(walks), **moments})


def _arrow_batch(chunks: Sequence[Chunk]) -> pa.Table:
    """The records of all chunks in order, each with its position (from 1) and what its walk says of it."""
    batches = []
    position = 1
    for chunk in chunks:
        count = len(chunk.records)
        if not count:
            continue
        walk = chunk.walk
        late_before = walk.piece.late_before and walk.piece.late_before.replace(tzinfo=None)
        columns = [
            pa.array(range(position, position + count), pa.int64()),
            pa.repeat(walk.source, count),
            pa.repeat(walk.extract_id, count),
            pa.repeat(pa.scalar(late_before, pa.timestamp("us")), count),
            *chunk.records.to_arrow(),
        ]
        batches.append(pa.RecordBatch.from_arrays(columns, schema=_SCHEMA))
        position += count
    return pa.Table.from_batches(pa.Table.from_batches(batches).to_batches(max_chunksize=_ARROW_BATCH))
