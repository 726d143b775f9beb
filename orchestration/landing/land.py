"""Pages in, rows out: one transaction stores records, their ledger rows and the receipts of their requests.

Records arrive as bytes and are stored as these bytes. They stay in Arrow until they are inserted, and move once.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

import duckdb
import pyarrow as pa

from orchestration.duckdb_sql import registered, transaction
from orchestration.intervals import naive_utc
from orchestration.landing.batch import Batch, prepare
from orchestration.landing.dedup import classify
from orchestration.landing.extract import (
    AnsweredRequest,
    Chunk,
    Extract,
    record_extracts,
    record_requests,
    require_as_left,
)
from orchestration.warehouse.errors import WarehouseError
from orchestration.warehouse.ledger import REVISIONS_HASH
from orchestration.warehouse.schema import NEWEST_EXTRACT_SEQ, NEWEST_INGEST_SEQ

# Rows of a row group of DuckDB. A batch of exactly this size is compressed and written once. A smaller one goes
# through the log and is compressed when the file is closed; one that fills a row group and a bit makes the
# checkpoint move rows between row groups.
ROW_GROUP = 122_880
# A row group is a multiple of it.
VECTOR = 2048

_STORE = """
insert into raw.{table} by name
select
    source, activity_id, created_at, activity_type, organization_id, organization_uuid, actor_type, payload,
    payload_sha256, extract_id, $ingested_at as ingested_at, $base + position as ingest_seq,
    coalesce(created_at < late_before, false) as is_late
from incoming
where {condition}
"""
_TARGETS = {
    "activities": "position not in (select position from classified where classification <> 'new')",
    "activity_revisions": "position in (select position from classified where classification = 'revision')",
}

_COUNT = """
select
    extract_id,
    count(*) filter (where classification = 'new') as inserted_count,
    count(*) filter (where classification = 'duplicate') as duplicate_count,
    count(*) filter (where classification = 'revision') as revision_count,
    count(*) filter (where classification = 'new' and coalesce(created_at < late_before, false)) as late_count,
    count(*) filter (where created_at < slice_start or created_at >= slice_end) as outside_count,
    max(created_at) as newest
from (
    select incoming.*, coalesce(classified.classification, 'new') as classification
    from incoming left join classified using (position)
)
inner join time_slices using (extract_id)
group by extract_id
"""


# A record with a known hash is not stored twice, even if an erasure has removed its payload.
_QUARANTINE = """
insert into raw.quarantined_records by name
select source, extract_id, payload, payload_sha256, reason, $received_at as received_at
from quarantined anti join raw.quarantined_records using (source, payload_sha256)
qualify row_number() over (partition by source, payload_sha256 order by position) = 1
returning extract_id
"""


def land(connection: duckdb.DuckDBPyConnection, chunks: Sequence[Chunk]) -> None:
    """Prepare the chunks and store them. Raises what `prepare` raises."""
    store(connection, prepare(connection, chunks))


def store(connection: duckdb.DuckDBPyConnection, batch: Batch) -> None:
    """Store the batch and bring the ledger rows of its extracts up to date, all in one transaction."""
    # One thread writes one row group; a second would write parts that must be merged, and would take the
    # processor from the thread that reads the next pages. The order of rows is the feed's.
    connection.execute("set threads = 1; set preserve_insertion_order = true")
    with transaction(connection):
        extracts = {chunk.extract.extract_id: chunk.extract for chunk in batch.chunks}
        require_as_left(connection, extracts.values())
        counts = _store_records(connection, batch.records, extracts) if batch.records is not None else {}
        if batch.quarantined is not None:
            _quarantine(connection, batch.quarantined, extracts)
        for chunk in batch.chunks:
            chunk.extract.absorb(chunk)
        for extract in extracts.values():
            extract.count(*counts.get(extract.extract_id, (0, 0, 0, 0, 0, None)))
        ended = [extract for extract in extracts.values() if extract.status != "open"]
        _number(connection, ended)
        _hash_revisions(connection, ended)
        record_extracts(connection, list(extracts.values()))
        record_requests(connection, _receipts(batch.chunks))


def _number(connection: duckdb.DuckDBPyConnection, ended: Sequence[Extract]) -> None:
    """Number each extract that ends here in the order of all."""
    if ended:
        [(newest,)] = connection.execute(f"select {NEWEST_EXTRACT_SEQ}").fetchall()
        for number, extract in enumerate(ended, start=newest + 1):
            extract.extract_seq = number


def _hash_revisions(connection: duckdb.DuckDBPyConnection, ended: Sequence[Extract]) -> None:
    for extract in ended:
        if extract.revision_count:
            statement = REVISIONS_HASH.format(extract_id="$extract_id")
            found = connection.execute(statement, {"extract_id": extract.extract_id}).fetchall()
            extract.revisions_sha256 = found[0][0]


def _receipts(chunks: Sequence[Chunk]) -> Iterator[tuple[str, str | None, AnsweredRequest]]:
    for chunk in chunks:
        for receipt in chunk.receipts:
            yield chunk.extract.source, chunk.extract.extract_id, receipt


def _store_records(
    connection: duckdb.DuckDBPyConnection, records: pa.Table, extracts: Mapping[str, Extract]
) -> dict[str, tuple]:
    """Insert what is new. Returns, by extract id, the counts that `_COUNT` names."""
    with registered(connection, "incoming", records):
        classify(connection)
        with registered(connection, "time_slices", _time_slices(extracts)):
            counts = {found[0]: found[1:] for found in connection.execute(_COUNT).fetchall()}
        _insert(connection, counts)
    return counts


def _quarantine(
    connection: duckdb.DuckDBPyConnection, quarantined: pa.Table, extracts: Mapping[str, Extract]
) -> None:
    """Quarantine what cannot be stored as an activity, so that the rest of its slice is stored."""
    with registered(connection, "quarantined", quarantined):
        kept = connection.execute(_QUARANTINE, {"received_at": naive_utc(datetime.now(UTC))}).fetchall()
    new = Counter(extract_id for (extract_id,) in kept)
    for extract_id, count in Counter(quarantined["extract_id"].to_pylist()).items():
        extracts[extract_id].count_quarantined(new[extract_id], count - new[extract_id])


def _insert(connection: duckdb.DuckDBPyConnection, counts: dict[str, tuple]) -> None:
    numbering = {"ingested_at": naive_utc(datetime.now(UTC)), "base": last_number(connection)}
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


def last_number(connection: duckdb.DuckDBPyConnection) -> int:
    """The newest `ingest_seq` that was ever given, also to rows that were removed since."""
    [(newest,)] = connection.execute(
        f"select max(number) from (select {NEWEST_INGEST_SEQ} as number "
        "union all select max(ingest_seq) from raw.activity_revisions "
        "union all select max(last_ingest_seq) from raw.removals)"
    ).fetchall()
    return newest


def _time_slices(extracts: Mapping[str, Extract]) -> pa.Table:
    """The interval that each extract requested."""
    moments = {
        name: pa.array(
            [naive_utc(getattr(extract.time_slice, bound)) for extract in extracts.values()], pa.timestamp("us")
        )
        for name, bound in (("slice_start", "start"), ("slice_end", "end"))
    }
    return pa.table({"extract_id": pa.array(extracts), **moments})
