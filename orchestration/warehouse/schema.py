"""Schema `raw`: its version, its tables in the order of their creation, and expressions over them.

Only DDL lives here and in `*_tables`. Rows are written by `land` and `ledger`; dbt derives everything else.
"""

import duckdb

from orchestration.warehouse.evidence_tables import EVIDENCE_TABLES
from orchestration.warehouse.operation_tables import BUILD_TABLES, DELIVERY_TABLES, DETECTION_TABLES
from orchestration.warehouse.received_tables import DIRECTORY_TABLES, FEED_TABLES, LOCATION_TABLES

# 2: records can be removed for good. An older version would read them again, and is kept out. 3: view `coverage`.
# 4: `quarantined_records`, and seals that cover the ledger: an older version would give its rows no number.
# 5: the directory, which an older version would leave out of a seal, an erasure and the archive.
# 6: what was delivered, and what is configured and decided about findings.
SCHEMA_VERSION = 6

# What is stored of the activities, wherever it is: rows of days that were dropped from the file are read from the
# archive. The columns are listed by name, because a view does not follow changes of the table.
STORED_COLUMNS = (
    "source, activity_id, created_at, activity_type, organization_id, organization_uuid, actor_type, payload, "
    "payload_sha256, extract_id, ingested_at, ingest_seq, is_late"
)
# The newest number that an activity has, read without opening the archive.
NEWEST_INGEST_SEQ = """(
    select coalesce(max(ingest_seq), 0) from (
        select max(ingest_seq) as ingest_seq from raw.activities
        union all
        select max(last_ingest_seq) from raw.archive_files
    )
)"""

# The newest number that an extract has, also of extracts that a restore took back since.
NEWEST_EXTRACT_SEQ = """(
    select coalesce(max(extract_seq), 0) from (
        select max(extract_seq) as extract_seq from raw.extracts
        union all
        select max(last_extract_seq) from raw.day_seals
    )
)"""
# In which order extracts ended, whatever the clock said. Those without a number ended before the others, but for
# those that are still open.
ENDED_ORDER = "(coalesce(extract_seq, if(status = 'open', 9223372036854775807, 0)), started_at)"

# An extract that asked for some activity types alone proves nothing about a time.
ASKED_FOR_ALL = "not contains(query, 'activity_types[]')"

# Gaps and islands: complete slices that touch or overlap are one interval. It begins where no earlier slice has
# reached, and ends where the last slice before the next beginning had reached.
_COVERAGE = f"""
with slices as (
    select source, slice_start, max(slice_end) as slice_end
    from raw.extracts
    where status = 'complete' and {ASKED_FOR_ALL}
    group by source, slice_start
),
marked as (
    select
        source,
        slice_start,
        max(slice_end) over (
            partition by source order by slice_start rows between unbounded preceding and 1 preceding
        ) as reached,
        max(slice_end) over (partition by source) as last_end
    from slices
),
beginnings as (
    select * from marked where reached is null or slice_start > reached
)
select
    source,
    slice_start as covered_from,
    coalesce(lead(reached) over (partition by source order by slice_start), last_end) as covered_to
from beginnings
"""

# Columns added after the first version; null in older rows.
_ADDED_COLUMNS = (
    "alter table raw.activities add column if not exists is_late boolean",
    "alter table raw.activity_revisions add column if not exists is_late boolean",
    "alter table raw.extracts add column if not exists quarantined_count bigint",
    # The place of a seal in its source's chain, from 1, and the newest row that it can have seen.
    "alter table raw.day_seals add column if not exists seal_number bigint",
    "alter table raw.day_seals add column if not exists last_ingest_seq bigint",
    # The newest removal that the seal records; null where it records none.
    "alter table raw.day_seals add column if not exists removal_sha256 varchar",
    # The order in which extracts ended, from 1; null while one is open.
    "alter table raw.extracts add column if not exists extract_seq bigint",
    # What a seal covers of the ledger, and how it is computed: null or 1 covers nothing of it, 2 does.
    "alter table raw.day_seals add column if not exists seal_format integer",
    "alter table raw.day_seals add column if not exists last_extract_seq bigint",
    "alter table raw.day_seals add column if not exists extract_count bigint",
    "alter table raw.day_seals add column if not exists ledger_sha256 varchar",
    # What a seal of format 2 covers of the directory: the newest walk, how many were committed since the seal
    # before, and the hash over them.
    "alter table raw.day_seals add column if not exists last_walk_seq bigint",
    "alter table raw.day_seals add column if not exists walk_count bigint",
    "alter table raw.day_seals add column if not exists walks_sha256 varchar",
    # The root of the hash tree over the day's records, from which one record is proven without the others.
    "alter table raw.day_seals add column if not exists merkle_root varchar",
    # The hash over the revisions that an extract brought; null where it brought none.
    "alter table raw.extracts add column if not exists revisions_sha256 varchar",
    # The newest walk before a removal; null where there was none.
    "alter table raw.removals add column if not exists last_walk_seq bigint",
    # How many decisions about findings a snapshot of the archive has.
    "alter table raw.archive_snapshots add column if not exists decision_count bigint",
    # The newest `walk_seq` at a build.
    "alter table raw.builds add column if not exists walk_seq bigint",
    # A hash of `detections.toml` as it was in force at a build.
    "alter table raw.builds add column if not exists detections_sha256 varchar",
)

COVERAGE_VIEW = f"create or replace view raw.coverage as {_COVERAGE}"

STATEMENTS = (
    "create schema if not exists raw",
    "create table if not exists raw.schema_version (version integer not null, created_at timestamp not null)",
    *FEED_TABLES,
    *EVIDENCE_TABLES,
    *BUILD_TABLES,
    *DIRECTORY_TABLES,
    *DELIVERY_TABLES,
    *LOCATION_TABLES,
    *DETECTION_TABLES,
    *_ADDED_COLUMNS,
    COVERAGE_VIEW,
    f"create view if not exists raw.stored_activities as select {STORED_COLUMNS} from raw.activities",
)


def create_schema(connection: duckdb.DuckDBPyConnection) -> None:
    """Create the missing tables of schema `raw`; existing ones are not changed."""
    for statement in STATEMENTS:
        connection.execute(statement)
    connection.execute(
        "insert into raw.schema_version select $version, current_timestamp at time zone 'UTC' "
        "where not exists (from raw.schema_version where version >= $version)",
        {"version": SCHEMA_VERSION},
    )
