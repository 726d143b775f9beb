"""Reduces a restored ledger to what the restored rows prove.

An extract stays complete if its day was sealed and every row that it stored was restored. Others are deleted on
days without a seal, which leaves a gap, and marked as failed elsewhere. Both are read again.
"""

import duckdb

from orchestration.duckdb_sql import transaction
from orchestration.evidence.ledger_sql import LEDGER_ROWS
from orchestration.evidence.removal_sql import BY_EXTRACT
from orchestration.warehouse.ledger import close_abandoned
from orchestration.warehouse.schema import NEWEST_INGEST_SEQ

# A revision becomes the record if the record itself was not archived.
_PROMOTED = """
create or replace temp table promoted as
select arg_min(ingest_seq, ingest_seq) as ingest_seq
from raw.activity_revisions
anti join raw.activities using (source, activity_id)
group by source, activity_id
"""
_PROMOTE = (
    "insert into raw.activities by name from raw.activity_revisions semi join promoted using (ingest_seq)",
    "delete from raw.activity_revisions where ingest_seq in (from promoted)",
)

# Records of authorized removals count as present: the ledger still has them.
_UNPROVEN = f"""
create or replace temp table unproven_extracts as
with counted as (
    select
        extract_id, count(*) as stored_count, count(*) filter (where is_late) as late_count, 0 as revised_count
    from raw.activities group by extract_id
    union all
    select extract_id, 0, 0, count(*) from raw.activity_revisions group by extract_id
    union all
    select extract_id, stored_count, 0, revised_count from ({BY_EXTRACT})
),
present as (
    select
        extract_id,
        sum(stored_count)::bigint as stored_count,
        sum(late_count)::bigint as late_count,
        sum(revised_count)::bigint as revised_count
    from counted
    group by extract_id
),
sealed_days as (
    select distinct source, sealed_date from raw.day_seals
)
select
    extract_id,
    sealed_days.source is not null as is_sealed,
    coalesce(stored_count, 0) as stored_count,
    coalesce(present.late_count, 0) as late_count,
    coalesce(revised_count, 0) as revised_count
from raw.extracts
left join present using (extract_id)
left join sealed_days
    on extracts.source = sealed_days.source and extracts.slice_start::date = sealed_days.sealed_date
where
    sealed_days.source is null
    or inserted_count <> coalesce(stored_count, 0)
    or revision_count <> coalesce(revised_count, 0)
"""

# Seals are still checked against the rows they were made of.
_KEEP_HASHES = f"""
insert into raw.doubted_extracts by name
select extracts.source, extract_id, extracts.extract_seq, row_sha256
from ({LEDGER_ROWS}) as rows
join raw.extracts using (source, extract_id)
semi join unproven_extracts using (extract_id)
anti join raw.doubted_extracts using (source, extract_id)
where rows.extract_seq <= (
    select max(last_extract_seq) from raw.day_seals where day_seals.source = extracts.source
)
"""
_DELETE = """
delete from raw.extracts
where extract_id in (
    select extract_id from unproven_extracts where not is_sealed and stored_count = 0 and revised_count = 0
)
and extract_id not in (select extract_id from raw.quarantined_records)
"""
_FAIL = """
update raw.extracts
set
    status = 'failed',
    inserted_count = stored_count,
    late_count = unproven_extracts.late_count,
    revision_count = revised_count,
    revisions_sha256 = null,
    finished_at = coalesce(finished_at, started_at),
    error = 'Not all of its activities were archived. The slice is read again.'
from unproven_extracts
where extracts.extract_id = unproven_extracts.extract_id
"""


# Numbers of rows that were not archived are reused for the rows that are read next.
_DELIVERED = f"delete from raw.siem_deliveries where last_ingest_seq > {NEWEST_INGEST_SEQ}"


def cut_to_archived_days(connection: duckdb.DuckDBPyConnection) -> int:
    """Reduce the ledger to what the rows prove. Returns the number of invalidated extracts."""
    with transaction(connection):
        close_abandoned(connection)
        connection.execute(_PROMOTED)
        for statement in _PROMOTE:
            connection.execute(statement)
        connection.execute(_UNPROVEN)
        [(count,)] = connection.execute("select count(*) from unproven_extracts").fetchall()
        connection.execute(_KEEP_HASHES)
        connection.execute(_DELETE)
        connection.execute(_FAIL)
        connection.execute(_DELIVERED)
        for table in ("promoted", "unproven_extracts"):
            connection.execute(f"drop table {table}")
    return count
