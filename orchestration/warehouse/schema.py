"""The tables of schema `raw`: what the feed said, as received, and the ledger of how it was read.

Only DDL lives here. Rows are written by `land` and `ledger`; everything derived is dbt's.
"""

from __future__ import annotations

import duckdb

# 2: records can be removed for good. An older version would read them again, and is kept out. 3: view `coverage`.
# 4: `quarantined_records`, and seals that cover the ledger: an older version would give its rows no number.
# 5: the directory, which an older version would leave out of a seal, an erasure and the archive.
# 6: what was delivered, and what is configured and decided about findings.
SCHEMA_VERSION = 6

# No primary key on the activities: its index costs most of the time and the space of an insert. Known ids are
# excluded by an anti-join over the time that an extract covers, and the mart's tests prove the key unique. Naming
# the compression of ids saves the engine from trying all others on them.
_ACTIVITY_COLUMNS = """
    source varchar not null,
    activity_id varchar not null using compression zstd,
    created_at timestamp not null,
    activity_type varchar,
    organization_id varchar,
    organization_uuid varchar,
    actor_type varchar,
    payload varchar not null using compression zstd,
    payload_sha256 varchar not null,
    extract_id varchar not null,
    ingested_at timestamp not null,
    ingest_seq bigint not null
"""

# What is stored of the activities, wherever it is: rows of days that were dropped from the file are read from the
# archive. The columns stand by name, for a view does not follow the table.
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

# The ledger of directory walks, what changed from walk to walk, and the usage report day by day.
_DIRECTORY = (
    """create table if not exists raw.directory_walks (
        walk_id varchar primary key,
        source varchar not null,
        list_name varchar not null,
        parent_id varchar,
        status varchar not null check (status in ('complete', 'failed', 'refused')),
        page_count bigint not null,
        item_count bigint not null,
        new_count bigint not null,
        changed_count bigint not null,
        gone_count bigint not null,
        content_sha256 varchar,
        started_at timestamp not null,
        finished_at timestamp,
        last_request_id varchar,
        error varchar,
        dagster_run_id varchar,
        product_version varchar not null,
        walk_seq bigint
    )""",
    # One row per observed change of one item; `payload` is null where the item is gone.
    """create table if not exists raw.directory_items (
        source varchar not null,
        list_name varchar not null,
        parent_id varchar,
        item_id varchar not null,
        walk_id varchar not null,
        is_present boolean not null,
        payload varchar using compression zstd,
        payload_sha256 varchar,
        observed_at timestamp not null,
        ingest_seq bigint not null
    )""",
    # A closed day is stored again, whole and with the next version, where a later reading of it differs.
    """create table if not exists raw.key_usage (
        source varchar not null,
        usage_date date not null,
        api_key_id varchar,
        workspace_id varchar,
        model varchar,
        uncached_input_token_count bigint not null,
        cache_read_token_count bigint not null,
        cache_creation_token_count bigint not null,
        output_token_count bigint not null,
        usage_version integer not null,
        walk_id varchar not null,
        payload varchar not null using compression zstd,
        payload_sha256 varchar not null,
        observed_at timestamp not null,
        ingest_seq bigint not null
    )""",
)

# One row per alert and receiver, written before anything is sent; `sent_at` is null until the receiver took it. It
# names no person: a finding's text is composed when it is sent, and `text` is of the pipeline's own state.
_DELIVERED = (
    """create table if not exists raw.alerts (
        alert_id varchar not null,
        receiver varchar not null,
        kind varchar not null,
        subject_id varchar not null,
        severity varchar not null,
        title varchar not null,
        text varchar,
        began_at timestamp,
        decided_at timestamp not null,
        resolved_at timestamp,
        attempt_count integer not null,
        sent_at timestamp,
        message_id varchar,
        last_error varchar
    )""",
    # Which activities and findings each sink of events has. A delivery is planned before anything is sent, so that
    # a repetition gives the same; `delivered_at` is null until the sink has all of it. Names no person.
    """create table if not exists raw.siem_deliveries (
        delivery_id bigint not null,
        sink varchar not null,
        first_ingest_seq bigint,
        last_ingest_seq bigint,
        event_count bigint not null,
        file_count bigint not null,
        byte_count bigint not null,
        planned_at timestamp not null,
        delivered_at timestamp,
        product_version varchar not null
    )""",
    """create table if not exists raw.siem_findings (
        delivery_id bigint not null,
        event_uid varchar not null
    )""",
)

# Where the addresses of activities are, as looked up once in the databases that the user supplies.
_LOCATIONS = (
    """create table if not exists raw.address_locations (
        address varchar primary key,
        country varchar,
        asn bigint,
        latitude double,
        longitude double,
        ingest_seq bigint not null,
        located_at timestamp not null
    )""",
)

# What `detections.toml` holds that is in force, written at the start of each build; and decisions about findings.
_DETECTIONS = (
    """create table if not exists raw.detection_settings (
        rule_id varchar,
        organization_uuid varchar,
        setting varchar not null,
        value varchar not null,
        reason varchar not null,
        expires_at timestamp
    )""",
    """create table if not exists raw.detection_allowlist (
        rule_id varchar,
        organization_uuid varchar,
        subject_type varchar,
        kind varchar not null check (kind in ('person', 'key', 'network', 'user_agent')),
        value varchar not null,
        first_address varchar,
        last_address varchar,
        reason varchar not null,
        expires_at timestamp
    )""",
    # What was decided about a finding, or about a rule with a subject: numbered from 1, chained, never changed. An
    # erasure takes the details, whose hash stays, and notes its number.
    """create table if not exists raw.finding_decisions (
        decision_number bigint primary key,
        finding_id varchar,
        rule_id varchar,
        subject_id varchar,
        status varchar not null check (
            status in ('open', 'acknowledged', 'false_positive', 'resolved', 'muted')
        ),
        muted_until timestamp,
        decided_by varchar,
        note varchar,
        decided_at timestamp not null,
        details_sha256 varchar not null,
        previous_decision_sha256 varchar,
        decision_sha256 varchar not null,
        product_version varchar not null,
        removal_id bigint
    )""",
)

COVERAGE_VIEW = f"create or replace view raw.coverage as {_COVERAGE}"

STATEMENTS = (
    "create schema if not exists raw",
    "create table if not exists raw.schema_version (version integer not null, created_at timestamp not null)",
    f"create table if not exists raw.activities ({_ACTIVITY_COLUMNS})",
    f"create table if not exists raw.activity_revisions ({_ACTIVITY_COLUMNS})",
    """create table if not exists raw.extracts (
        extract_id varchar primary key,
        source varchar not null,
        kind varchar not null check (kind in ('incremental', 'backfill', 'reconcile')),
        slice_start timestamp not null,
        slice_end timestamp not null,
        query varchar not null,
        status varchar not null check (status in ('open', 'complete', 'failed')),
        page_count bigint not null,
        received_count bigint not null,
        inserted_count bigint not null,
        duplicate_count bigint not null,
        revision_count bigint not null,
        late_count bigint not null,
        first_cursor varchar,
        last_cursor varchar,
        last_request_id varchar,
        content_sha256 varchar,
        started_at timestamp not null,
        finished_at timestamp,
        dagster_run_id varchar,
        product_version varchar not null,
        error varchar,
        feed_host varchar not null
    )""",
    """create table if not exists raw.feed_requests (
        request_id varchar not null,
        source varchar not null,
        extract_id varchar,
        status_code integer not null,
        requested_at timestamp not null
    )""",
    """create table if not exists raw.sources (
        source varchar primary key,
        feed_host varchar not null,
        history_start timestamp,
        settle_seconds bigint not null,
        overlap_seconds bigint not null,
        last_run_at timestamp not null,
        last_horizon timestamp,
        last_error varchar
    )""",
    """create table if not exists raw.day_seals (
        source varchar not null,
        sealed_date date not null,
        seal_version integer not null,
        activity_count bigint not null,
        day_sha256 varchar not null,
        previous_seal_sha256 varchar,
        seal_sha256 varchar not null,
        sealed_at timestamp not null,
        reason varchar,
        product_version varchar not null
    )""",
    """create table if not exists raw.builds (
        built_at timestamp not null,
        project_sha256 varchar not null,
        ingest_seq bigint not null
    )""",
    """create table if not exists raw.dbt_runs (
        build_id varchar not null,
        command varchar not null,
        is_full_refresh boolean not null,
        mart_count bigint not null,
        failed_nodes varchar[] not null,
        through_ingest_seq bigint not null,
        finished_at timestamp not null
    )""",
    # Authorized removals, numbered from 1 and chained; the seals of the days that they touched carry their hashes.
    """create table if not exists raw.removals (
        removal_id bigint primary key,
        kind varchar not null check (kind in ('erasure', 'retention')),
        requested_by varchar not null,
        reason varchar not null,
        removed_at timestamp not null,
        activity_count bigint not null,
        revision_count bigint not null,
        last_ingest_seq bigint not null,
        content_sha256 varchar not null,
        previous_removal_sha256 varchar,
        removal_sha256 varchar not null,
        product_version varchar not null
    )""",
    # What an erasure leaves of each record: enough to compute the seals of before, and to know it again.
    """create table if not exists raw.removed_activities (
        removal_id bigint not null,
        table_name varchar not null check (table_name in ('activities', 'activity_revisions')),
        source varchar not null,
        activity_id varchar not null using compression zstd,
        created_at timestamp not null,
        payload_sha256 varchar not null,
        extract_id varchar not null,
        ingest_seq bigint not null
    )""",
    # Of a day that retention removed, only its counts, by day and by extract, and its seals remain.
    """create table if not exists raw.removed_days (
        removal_id bigint not null,
        source varchar not null,
        removed_date date not null,
        activity_count bigint not null,
        revision_count bigint not null,
        seal_sha256 varchar not null
    )""",
    """create table if not exists raw.removed_extracts (
        removal_id bigint not null,
        source varchar not null,
        extract_id varchar not null,
        activity_count bigint not null,
        revision_count bigint not null
    )""",
    # Every part of the archive, with the snapshot that names it; `dropped_at` where only the archive has its rows.
    """create table if not exists raw.archive_files (
        source varchar not null,
        activity_date date not null,
        part_number bigint not null,
        path varchar not null,
        row_count bigint not null,
        byte_count bigint not null,
        file_sha256 varchar not null,
        first_ingest_seq bigint not null,
        last_ingest_seq bigint not null,
        seal_version integer not null,
        snapshot_number bigint not null,
        archived_at timestamp not null,
        dropped_at timestamp
    )""",
    # What the archive held of the ledger, each time: a further one is due where one of the counts has changed.
    """create table if not exists raw.archive_snapshots (
        snapshot_number bigint not null,
        manifest_sha256 varchar not null,
        file_count bigint not null,
        seal_count bigint not null,
        revision_count bigint not null,
        written_at timestamp not null
    )""",
    # How many rows of each extract only the archive has. Until version 5 it was called otherwise.
    "alter table if exists raw.dropped_walks rename to dropped_extracts",
    """create table if not exists raw.dropped_extracts (
        source varchar not null,
        extract_id varchar not null,
        row_count bigint not null
    )""",
    # Records without a usable id or time, as evidence. An erasure takes the payload and notes its number.
    """create table if not exists raw.quarantined_records (
        source varchar not null,
        extract_id varchar not null,
        payload varchar using compression zstd,
        payload_sha256 varchar not null,
        reason varchar not null,
        received_at timestamp not null,
        removal_id bigint
    )""",
    # The hashes that ledger rows had when they were sealed, of those that a restore took back.
    """create table if not exists raw.doubted_extracts (
        source varchar not null,
        extract_id varchar not null,
        extract_seq bigint,
        row_sha256 varchar not null
    )""",
    *_DIRECTORY,
    *_DELIVERED,
    *_LOCATIONS,
    *_DETECTIONS,
    # What a removal leaves of rows of `directory_items`. `item_sha256` is the hash of the item's id. Where the id
    # was in the byte order of the list is kept as well: after the id with the hash `follows_sha256`, the closest
    # that this removal left (of the empty text where there is none), in place `follows_rank`. Both are null where
    # a row of the item is left.
    """create table if not exists raw.removed_items (
        removal_id bigint not null,
        source varchar not null,
        list_name varchar not null,
        parent_id varchar,
        item_sha256 varchar not null,
        follows_sha256 varchar,
        follows_rank bigint,
        walk_id varchar not null,
        is_present boolean not null,
        payload_sha256 varchar,
        observed_at timestamp not null,
        ingest_seq bigint not null
    )""",
    # Columns that came after the first version; null in rows of before.
    "alter table raw.activities add column if not exists is_late boolean",
    "alter table raw.activity_revisions add column if not exists is_late boolean",
    "alter table raw.extracts add column if not exists quarantined_count bigint",
    # The place of a seal in its source's chain, from 1, and the newest row that it can have seen.
    "alter table raw.day_seals add column if not exists seal_number bigint",
    "alter table raw.day_seals add column if not exists last_ingest_seq bigint",
    # The newest removal that the seal tells of; null where it tells of none.
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
    # How far the directory had come at a build: the newest `walk_seq`.
    "alter table raw.builds add column if not exists walk_seq bigint",
    # What was in force of `detections.toml` at a build.
    "alter table raw.builds add column if not exists detections_sha256 varchar",
    COVERAGE_VIEW,
    f"create view if not exists raw.stored_activities as select {STORED_COLUMNS} from raw.activities",
)


def create_schema(connection: duckdb.DuckDBPyConnection) -> None:
    """Create the tables of schema `raw` where they are missing; changes nothing else that is there."""
    for statement in STATEMENTS:
        connection.execute(statement)
    connection.execute(
        "insert into raw.schema_version select $version, current_timestamp at time zone 'UTC' "
        "where not exists (from raw.schema_version where version >= $version)",
        {"version": SCHEMA_VERSION},
    )
