"""The statements of `verify`. Each gives how many were checked, how many differ, and a sentence on the first.

Sentences name ids, days and hashes; never a payload.
"""

from orchestration.evidence.removal_sql import BY_EXTRACT, SEAL_VERSIONS
from orchestration.evidence.seals import seal_expression

# Columns are compared where DuckDB can read the payload: it refuses half a surrogate pair, and a time with a leap
# second. The hash covers these as well.
PAYLOADS = """
with computed as (
    select
        source, activity_id, created_at, activity_type, organization_id, organization_uuid, actor_type,
        payload_sha256, ingest_seq,
        sha256(payload) as computed_sha256,
        try(json_transform(payload, $envelope)) as envelope
    from raw.{table}
),
compared as (
    select
        *,
        timezone('UTC', try_cast(envelope.created_at as timestamptz)) as payload_at,
        computed_sha256 <> payload_sha256 as is_changed
    from computed
),
checked as (
    select
        *,
        envelope is not null and (
            activity_id is distinct from envelope.id
            or activity_type is distinct from envelope.type
            or organization_id is distinct from envelope.organization_id
            or organization_uuid is distinct from envelope.organization_uuid
            or actor_type is distinct from envelope.actor.type
            or (payload_at is not null and created_at is distinct from payload_at)
        ) as is_differing
    from compared
)
select
    count(*),
    count(*) filter (where is_changed),
    arg_min(
        source || ' ' || activity_id || ': payload_sha256 is ' || payload_sha256 || ', but the payload''s hash is '
        || computed_sha256,
        ingest_seq
    ) filter (where is_changed),
    count(*) filter (where is_differing),
    arg_min(
        concat_ws(' ', source, activity_id) || ': the columns say '
        || concat_ws(', ', activity_id, created_at, activity_type, organization_id, organization_uuid, actor_type)
        || ', the payload says '
        || concat_ws(
            ', ', envelope.id, payload_at, envelope.type, envelope.organization_id, envelope.organization_uuid,
            envelope.actor.type
        ),
        ingest_seq
    ) filter (where is_differing)
from checked
"""

REPEATED_IDS = """
with counted as (
    select source, activity_id, count(*) as row_count, min(ingest_seq) as ingest_seq
    from raw.stored_activities
    where hash(activity_id) % $parts = $part
    group by source, activity_id
)
select
    coalesce(sum(row_count), 0)::bigint,
    count(*) filter (where row_count > 1),
    arg_min(source || ' ' || activity_id || ': stored ' || row_count || ' times, expected once', ingest_seq)
        filter (where row_count > 1)
from counted
"""

REPEATED_NUMBERS = """
with numbers as (
    select ingest_seq, activity_id from raw.stored_activities where hash(ingest_seq) % $parts = $part
    union all
    select ingest_seq, activity_id from raw.activity_revisions where hash(ingest_seq) % $parts = $part
    union all
    select ingest_seq, activity_id from raw.removed_activities where hash(ingest_seq) % $parts = $part
),
counted as (
    select ingest_seq, count(*) as row_count, min(activity_id) as activity_id from numbers group by ingest_seq
)
select
    coalesce(sum(row_count), 0)::bigint,
    count(*) filter (where row_count > 1),
    arg_min('number ' || ingest_seq || ' (' || activity_id || '): given ' || row_count || ' times, expected once',
        ingest_seq) filter (where row_count > 1)
from counted
"""

# An erasure empties a record and notes its number; the hash stays.
QUARANTINED = """
with checked as (
    select
        *,
        case
            when payload is null then removal_id is null or removal_id not in (select removal_id from raw.removals)
            else sha256(payload) <> payload_sha256
        end as is_differing
    from raw.quarantined_records
)
select
    count(*),
    count(*) filter (where is_differing),
    min(source || ' extract ' || extract_id || ': the quarantined record with SHA-256 ' || payload_sha256
        || ' is not as it was received') filter (where is_differing)
from checked
"""

_LEDGER = """
with counted as (
    select extract_id, source, row_count as stored_count, 0 as revised_count, 0 as kept_aside from ({stored})
    union all
    select extract_id, source, 0, count(*), 0 from raw.activity_revisions group by all
    union all
    select extract_id, source, 0, 0, count(*) from raw.quarantined_records group by all
    union all
    select *, 0 from ({removed})
),
found as (
    select
        extract_id, source, sum(stored_count)::bigint as stored_count, sum(revised_count)::bigint as revised_count,
        sum(kept_aside)::bigint as kept_aside
    from counted
    group by all
),
compared as (
    select
        coalesce(extracts.extract_id, found.extract_id) as extract_id,
        coalesce(extracts.source, found.source) as source,
        extracts.extract_id is null as is_unknown,
        coalesce(inserted_count, 0) as inserted_count,
        coalesce(revision_count, 0) as revision_count,
        coalesce(stored_count, 0) as stored_count,
        coalesce(revised_count, 0) as revised_count,
        coalesce(quarantined_count, 0) as quarantined_count,
        coalesce(kept_aside, 0) as kept_aside,
        started_at
    from raw.extracts
    full join found using (extract_id, source)
),
checked as (
    select
        *,
        inserted_count <> stored_count
        or revision_count <> revised_count
        or quarantined_count <> kept_aside as is_differing
    from compared
)
select
    count(*),
    count(*) filter (where is_differing),
    arg_min(
        source || ' extract ' || extract_id || ': '
        || if(
            is_unknown, 'the ledger has no such extract',
            'the ledger says ' || inserted_count || ' activities, ' || revision_count || ' revisions and '
            || quarantined_count || ' quarantined records'
        )
        || ', stored are ' || stored_count || ', ' || revised_count || ' and ' || kept_aside,
        (coalesce(started_at, 'infinity'), extract_id)
    ) filter (where is_differing)
from checked
"""
LEDGER = _LEDGER.format(
    stored="select extract_id, source, count(*) as row_count from raw.stored_activities group by all",
    removed=BY_EXTRACT,
)
# Each refresh asks this: it reads only the extract ids of the activities, which compress well, and nothing of the
# archive.
LEDGER_OF_THE_FILE = _LEDGER.format(
    stored="""
    select extract_id, source, sum(row_count) as row_count
    from (
        select extract_id, source, count(*) as row_count from raw.activities group by all
        union all
        select extract_id, source, row_count from raw.dropped_extracts
    )
    group by extract_id, source
    """,
    removed=BY_EXTRACT,
)

CHAIN = f"""
with linked as (
    select
        *,
        lag(seal_sha256) over chain as linked_sha256,
        row_number() over chain as expected_number,
        row_number() over (partition by source, sealed_date order by seal_number) as expected_version,
        max(coalesce(seal_format, 1)) over so_far as newest_format,
        max(last_extract_seq) over so_far as newest_extract_seq,
        max(last_walk_seq) over so_far as newest_walk_seq,
        {seal_expression("day_seals", "previous_seal_sha256")} as computed_sha256
    from raw.day_seals
    window
        chain as (partition by source order by seal_number),
        so_far as (partition by source order by seal_number rows unbounded preceding)
),
checked as (
    select
        *,
        case
            when seal_number is distinct from expected_number
                then 'number ' || coalesce(seal_number::varchar, 'null') || ', expected ' || expected_number
                || ' (a seal is missing or was added)'
            when previous_seal_sha256 is distinct from linked_sha256
                then 'previous seal is ' || coalesce(previous_seal_sha256, 'none') || ', expected '
                || coalesce(linked_sha256, 'none')
            when seal_sha256 is distinct from computed_sha256
                then 'seal_sha256 is ' || seal_sha256 || ', computed ' || computed_sha256
            when seal_version is distinct from expected_version
                then 'version ' || seal_version || ', expected ' || expected_version
            when
                coalesce(seal_format, 1) < newest_format or last_extract_seq < newest_extract_seq
                or last_walk_seq < newest_walk_seq
                then 'covers less of the ledgers than the seal that it follows'
        end as difference
    from linked
)
select
    count(*),
    count(difference),
    arg_min(source || ' seal ' || expected_number || ' of ' || sealed_date || ': ' || difference,
        (source, expected_number)) filter (where difference is not null)
from checked
"""

WANTED_DAYS = f"""
select distinct source, sealed_date, last_ingest_seq, through_removal from ({SEAL_VERSIONS}) where not is_removed
"""

_SEALED_DAYS = """
with compared as (
    select
        seals.*,
        contents.activity_count as found_count,
        contents.day_sha256 as found_sha256,
        seals.activity_count is distinct from contents.activity_count
        or seals.day_sha256 is distinct from contents.day_sha256
        or (seal_format >= 2 and seals.merkle_root is distinct from contents.merkle_root) as is_differing
    from ({seal_versions}) as seals
    left join {contents} as contents
        on
            seals.source = contents.source
            and seals.sealed_date = contents.sealed_date
            and seals.last_ingest_seq is not distinct from contents.last_ingest_seq
            and seals.through_removal = contents.through_removal
    where not is_removed
)
select
    count(*),
    count(*) filter (where is_differing),
    arg_min(
        source || ' ' || sealed_date || ' (version ' || seal_version || '): sealed with ' || activity_count
        || ' activities and hash ' || day_sha256 || ', found ' || found_count || ' and ' || found_sha256,
        (sealed_date, source, seal_version)
    ) filter (where is_differing)
from compared
"""


def sealed_days(contents: str) -> str:
    """The statement that compares the seals with the table `contents`, which `day_hash.day_contents` makes."""
    return _SEALED_DAYS.format(seal_versions=SEAL_VERSIONS, contents=contents)


NOT_SEALED = """
with sealed as (
    select source, sealed_date, max(last_ingest_seq) as last_ingest_seq from raw.day_seals group by all
),
present as (
    select
        source,
        created_at::date as sealed_date,
        count(*) as activity_count,
        max(ingest_seq) as ingest_seq
    from raw.stored_activities
    group by all
),
read as (
    select distinct source, slice_start::date as sealed_date from raw.extracts where status = 'complete'
)
select
    count(*) filter (where sealed.sealed_date is null),
    coalesce(sum(activity_count) filter (where sealed.sealed_date is null), 0)::bigint,
    count(*) filter (where ingest_seq > last_ingest_seq)
from present
full join read using (source, sealed_date)
left join sealed using (source, sealed_date)
"""

LOGGED_SEALS = """
select
    count(*),
    count(*) filter (where day_seals.source is null),
    min(logged.source || ' seal ' || logged.seal_sha256 || ': missing in the warehouse')
        filter (where day_seals.source is null)
from logged
left join raw.day_seals
    on logged.source::varchar = day_seals.source and logged.seal_sha256::varchar = day_seals.seal_sha256
"""
