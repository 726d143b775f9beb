"""Tables of schema `raw` for what was received: the feed and its ledger, the directory, locations of addresses."""

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

FEED_TABLES = (
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
)

# The ledger of directory walks, what changed from walk to walk, and the usage report day by day.
DIRECTORY_TABLES = (
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

# Where the addresses of activities are, as looked up once in the databases that the user supplies.
LOCATION_TABLES = (
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
