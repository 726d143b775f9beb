"""Tables of schema `raw` for what lets others check the warehouse: seals, removals, and the archive."""

EVIDENCE_TABLES = (
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
    # What an erasure leaves of each record: enough to recompute earlier seals and to recognize the record.
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
    # The hashes that ledger rows had when they were sealed, of those that a restore took back.
    """create table if not exists raw.doubted_extracts (
        source varchar not null,
        extract_id varchar not null,
        extract_seq bigint,
        row_sha256 varchar not null
    )""",
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
)
