"""Prepares a batch of chunks in memory, while the warehouse file is still closed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from orchestration.intervals import naive_utc
from orchestration.landing.envelopes import read_envelopes
from orchestration.landing.extract import Chunk

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


@dataclass(frozen=True, slots=True)
class Batch:
    """Chunks and all their records in Arrow, with their envelopes; None where there is no record.

    Each record has its position in the batch (from 1), its bytes and their hash, what its envelope says, and what
    its extract says of it. `quarantined` are the records without a usable id or time, each with the reason.
    """

    chunks: Sequence[Chunk]
    records: pa.Table | None = None
    quarantined: pa.Table | None = None


def prepare(connection: duckdb.DuckDBPyConnection, chunks: Sequence[Chunk]) -> Batch:
    """Pack the records and read their envelopes; any connection will do, nothing is written through it."""
    if not any(chunk.records for chunk in chunks):
        return Batch(chunks)
    records = read_envelopes(connection, _packed(chunks), _horizon(chunks))
    is_good = pc.is_null(records["reason"])
    if pc.all(is_good).as_py():
        return Batch(chunks, records.drop_columns("reason"))
    good = records.filter(is_good).drop_columns("reason")
    return Batch(chunks, good if len(good) else None, records.filter(pc.invert(is_good)))


def _horizon(chunks: Sequence[Chunk]) -> datetime:
    """No record is from after it: now and every end that was asked for, and a day for clocks that differ."""
    return max(datetime.now(UTC), *(chunk.extract.time_slice.end for chunk in chunks)) + timedelta(days=1)


def _packed(chunks: Sequence[Chunk]) -> pa.Table:
    """The records of all chunks in order, each with its position (from 1) and what its extract says of it."""
    batches = []
    position = 1
    for chunk in chunks:
        count = len(chunk.records)
        if not count:
            continue
        extract = chunk.extract
        late_before = naive_utc(extract.time_slice.late_before)
        columns = [
            pa.array(range(position, position + count), pa.int64()),
            pa.repeat(extract.source, count),
            pa.repeat(extract.extract_id, count),
            pa.repeat(pa.scalar(late_before, pa.timestamp("us")), count),
            *chunk.records.to_arrow(),
        ]
        batches.append(pa.RecordBatch.from_arrays(columns, schema=_SCHEMA))
        position += count
    return pa.Table.from_batches(pa.Table.from_batches(batches).to_batches(max_chunksize=_ARROW_BATCH))
