"""The content of one day of a source: number of activities, one hash over all of them, and the root of their tree.

`day_sha256` is SHA-256 over the hex `payload_sha256` of the day's activities, joined without a separator in byte
order of `activity_id`; for a day without any it is the hash of the empty text. `merkle` describes the tree over
the same hashes in the same order. A day is a UTC date of `created_at`.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

import duckdb
import pyarrow as pa

from orchestration.duckdb_sql import registered
from orchestration.evidence.merkle import merkle_root
from orchestration.warehouse.temporary import temporary

HashesOfDay = tuple[str, date, int, int | None, int, str]
"""Source, day, `last_ingest_seq`, `through_removal`, how many activities, and their hashes as one text."""

# Rows whose hashes are joined at once: bounds the memory whatever history holds.
_RANGE_ROWS = 2_000_000
# Days further apart than this are looked up by themselves instead of reading everything in between.
_RANGE_GAP_DAYS = 31

# Row counts of days come from the ledger (slices lie within a day), without reading the rows.
_CUT_INTO_RANGES = """
with sizes as (
    select source, slice_start::date as sealed_date, sum(inserted_count) as row_count
    from raw.extracts group by all
),
dated as (
    select
        wanted.*,
        coalesce(row_count, 0) as row_count,
        sealed_date - lag(sealed_date) over dates > $gap_days as is_apart
    from {wanted} as wanted
    left join sizes using (source, sealed_date)
    window dates as (order by sealed_date, source, last_ingest_seq)
)
select
    source,
    sealed_date,
    last_ingest_seq,
    through_removal,
    sum(if(is_apart, 1, 0)) over so_far as island,
    sum(row_count) over so_far // $range_rows as portion
from dated
window so_far as (order by sealed_date, source, last_ingest_seq rows unbounded preceding)
"""

_RANGES = """
select island, portion, min(sealed_date)::timestamp, max(sealed_date)::timestamp + interval 1 day
from {ranged} group by island, portion order by island, portion
"""

_HASHES = """
with wanted as (
    select * from {ranged} where island = $island and portion = $portion
),
present as (
    select source, activity_id, payload_sha256, ingest_seq, created_at::date as sealed_date, null as removal_id
    from raw.stored_activities
    where created_at >= $since and created_at < $until
    union all
    select source, activity_id, payload_sha256, ingest_seq, created_at::date, removal_id
    from raw.removed_activities
    where table_name = 'activities' and created_at >= $since and created_at < $until
)
select
    wanted.source,
    wanted.sealed_date,
    wanted.last_ingest_seq,
    wanted.through_removal,
    count(present.activity_id) as activity_count,
    coalesce(string_agg(present.payload_sha256, '' order by present.activity_id, present.ingest_seq), '')
from wanted
left join present
    on
        wanted.source = present.source
        and wanted.sealed_date = present.sealed_date
        and present.ingest_seq <= wanted.last_ingest_seq
        and (present.removal_id is null or present.removal_id > wanted.through_removal)
group by wanted.source, wanted.sealed_date, wanted.last_ingest_seq, wanted.through_removal
"""


_NO_CONTENTS = """
select
    null::varchar as source, null::date as sealed_date, null::bigint as last_ingest_seq,
    null::bigint as through_removal, null::bigint as activity_count, null::varchar as day_sha256,
    null::varchar as merkle_root
where false
"""
_CONTENTS = pa.schema(
    {
        "source": pa.string(), "sealed_date": pa.date32(), "last_ingest_seq": pa.int64(),
        "through_removal": pa.int64(), "activity_count": pa.int64(), "day_sha256": pa.string(),
        "merkle_root": pa.string(),
    }
)  # fmt: skip


@contextmanager
def day_contents(connection: duckdb.DuckDBPyConnection, wanted: str) -> Iterator[str]:
    """The contents of the days in the table `wanted`: yields the name of a temporary table.

    `wanted` has `source`, `sealed_date`, `last_ingest_seq` and `through_removal`, each combination once. Later
    rows are left out of the day. Records erased by a later removal still count; with null, no erased record does.
    The contents have these columns and `activity_count`, `day_sha256` and `merkle_root`. The cost depends on the
    rows of the days.
    """
    with temporary(connection, "day_contents", _NO_CONTENTS) as contents:
        for days in day_hashes(connection, wanted):
            rows = [
                (*key, hashlib.sha256(hashes.encode()).hexdigest(), merkle_root(hashes)) for *key, hashes in days
            ]
            columns = zip(*rows, strict=True)
            table = pa.table([pa.array(one, kind) for one, kind in zip(columns, _CONTENTS.types, strict=True)],
                             schema=_CONTENTS)  # fmt: skip
            with registered(connection, "hashed_days", table):
                connection.execute(f"insert into {contents} by name from hashed_days")
        yield contents


def day_hashes(connection: duckdb.DuckDBPyConnection, wanted: str) -> Iterator[list[HashesOfDay]]:
    """The hashes of the days in the table `wanted`, which `day_contents` describes, a range of days at a time."""
    limits = {"gap_days": _RANGE_GAP_DAYS, "range_rows": _RANGE_ROWS}
    with temporary(connection, "ranged_days", _CUT_INTO_RANGES.format(wanted=wanted), limits) as ranged:
        for island, portion, since, until in connection.execute(_RANGES.format(ranged=ranged)).fetchall():
            bounds = {"island": island, "portion": portion, "since": since, "until": until}
            yield connection.execute(_HASHES.format(ranged=ranged), bounds).fetchall()
