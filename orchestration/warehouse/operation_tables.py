"""Tables of schema `raw` for what this installation did: builds, deliveries, and decisions about findings."""

BUILD_TABLES = (
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
)

# One row per alert and receiver, written before anything is sent; `sent_at` is null until the receiver took it. It
# names no person: a finding's text is composed when it is sent, and `text` is of the pipeline's own state.
DELIVERY_TABLES = (
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

# What `detections.toml` holds that is in force, written at the start of each build; and decisions about findings.
DETECTION_TABLES = (
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
