"""SQL about the ledgers: what seals cover of them, and what ties a record to its extract.

A seal of format 2 covers the rows of its source's ledger that ended since the seal before it, of whatever days, by
`extract_seq`, each with its answered requests; and the walks of its source likewise, by `walk_seq`. Rows from
before there were such numbers are covered by the first such seal.
"""

_FIELDS = (
    "extract_id", "extract_seq", "source", "kind", "slice_start", "slice_end", "query", "status", "page_count",
    "received_count", "inserted_count", "duplicate_count", "revision_count", "quarantined_count", "late_count",
    "first_cursor", "last_cursor", "last_request_id", "content_sha256", "started_at", "finished_at",
    "dagster_run_id", "product_version", "error", "feed_host", "revisions_sha256",
)  # fmt: skip

# Answered requests of an extract. All are stored before the extract ends.
_REQUESTS = """
select
    source, extract_id,
    sha256(string_agg(
        json_array(request_id, status_code, requested_at)::varchar, ''
        order by requested_at, request_id, status_code
    )) as requests_sha256
from raw.feed_requests where extract_id is not null group by source, extract_id
"""

# Rows that ended, each with its hash. JSON keeps the fields apart whatever a cursor holds. What a restore had to
# take back is in the ledger as it was sealed.
LEDGER_ROWS = f"""
select
    source, extract_id, coalesce(extracts.extract_seq, 0) as extract_seq,
    coalesce(doubted.row_sha256, sha256(json_array(
        {", ".join(f"extracts.{one}" for one in _FIELDS)}, coalesce(requests_sha256, sha256(''))
    )::varchar)) as row_sha256
from raw.extracts
left join ({_REQUESTS}) as requests using (source, extract_id)
left join raw.doubted_extracts as doubted using (source, extract_id)
where status <> 'open'
union all
select source, extract_id, coalesce(extract_seq, 0), row_sha256
from raw.doubted_extracts anti join raw.extracts using (source, extract_id)
"""

LEDGER_HASH = "sha256(coalesce(string_agg(row_sha256, '' order by extract_seq, extract_id), ''))"

_WALK_FIELDS = (
    "walk_id", "walk_seq", "source", "list_name", "parent_id", "status", "page_count", "item_count", "new_count",
    "changed_count", "gone_count", "content_sha256", "started_at", "finished_at", "last_request_id", "error",
    "dagster_run_id", "product_version",
)  # fmt: skip
WALK_HASH = f"sha256(json_array({', '.join(f'directory_walks.{one}' for one in _WALK_FIELDS)})::varchar)"
WALK_ROWS = f"""
select source, walk_id, walk_seq, {WALK_HASH} as row_sha256 from raw.directory_walks where walk_seq is not null
"""
WALKS_HASH = "sha256(coalesce(string_agg(row_sha256, '' order by walk_seq, walk_id), ''))"

_SEALED = """
with seals as (
    select
        source, sealed_date, seal_number, {last} as last_seq, {count} as sealed_count, {sha256} as sealed_sha256,
        min(seal_number) over (partition by source, {last}) = seal_number as is_first
    from raw.day_seals where seal_format >= 2
),
placed as (
    select firsts.source, seal_number, rows.{id}, rows.{seq}, row_sha256
    from ({rows}) as rows
    asof join (from seals where is_first) as firsts
        on rows.source = firsts.source and rows.{seq} <= firsts.last_seq
),
found as (
    select
        source, seal_number, count({id}) as found_count, {hash} as found_sha256
    from (select source, seal_number from seals) left join placed using (source, seal_number)
    group by source, seal_number
),
checked as (
    select
        *,
        sealed_count is distinct from found_count or sealed_sha256 is distinct from found_sha256 as is_differing
    from seals join found using (source, seal_number)
)
select
    coalesce(sum(found_count), 0)::bigint,
    count(*) filter (where is_differing),
    arg_min(
        source || ' seal ' || seal_number || ' of ' || sealed_date || ': sealed with ' || sealed_count
        || ' {noun} and hash ' || sealed_sha256 || ', found ' || found_count || ' and ' || found_sha256,
        (source, seal_number)
    ) filter (where is_differing)
from checked
"""
SEALED_ROWS = _SEALED.format(
    last="last_extract_seq", count="extract_count", sha256="ledger_sha256", noun="extracts",
    rows=LEDGER_ROWS, id="extract_id", seq="extract_seq", hash=LEDGER_HASH,
)  # fmt: skip
SEALED_WALKS = _SEALED.format(
    last="last_walk_seq", count="walk_count", sha256="walks_sha256", noun="walks",
    rows=WALK_ROWS, id="walk_id", seq="walk_seq", hash=WALKS_HASH,
)  # fmt: skip

# If everything received was new, the rows give the hash of what was received; revisions always have one.
# Of days that retention removed there are no rows.
CONTENTS = """
with rows as (
    select extract_id, ingest_seq, payload_sha256, false as is_revision from raw.stored_activities
    union all
    select extract_id, ingest_seq, payload_sha256, true from raw.activity_revisions
    union all
    select extract_id, ingest_seq, payload_sha256, table_name = 'activity_revisions' from raw.removed_activities
),
found as (
    select
        extract_id,
        sha256(string_agg(payload_sha256, '' order by ingest_seq)) as found_sha256,
        sha256(string_agg(payload_sha256, '' order by ingest_seq) filter (where is_revision)) as revised_sha256
    from rows
    where hash(extract_id) % $parts = $part
    group by extract_id
),
checked as (
    select
        source || ' extract ' || extract_id || ': ' as name,
        case
            when received_count = inserted_count + revision_count and status = 'complete'
                and content_sha256 is distinct from found_sha256
                then 'received was ' || coalesce(content_sha256, 'nothing') || ', stored is ' || found_sha256
            when revisions_sha256 <> coalesce(revised_sha256, '')
                then 'revisions were ' || revisions_sha256 || ', stored are ' || coalesce(revised_sha256, 'none')
        end as difference
    from raw.extracts
    join found using (extract_id)
    anti join raw.removed_extracts using (source, extract_id)
    where
        revisions_sha256 is not null
        or (status = 'complete' and received_count = inserted_count + revision_count)
)
select count(*), count(difference), min(name || difference) from checked
"""

# The feed reports each of our reads. A request that two extracts claim proves neither.
UNPROVEN = """
with claimed as (
    select request_id, extract_id from raw.feed_requests where status_code = 200
    union all
    select last_request_id, extract_id from raw.extracts
),
owned as (
    select request_id, any_value(extract_id) as extract_id
    from claimed
    where request_id is not null and extract_id is not null
    group by request_id
    having count(distinct extract_id) = 1
),
reported as (
    select distinct try(json_extract_string(payload, '$.request_id')) as request_id
    from raw.stored_activities where activity_type = 'compliance_api_accessed'
),
proven as (
    select distinct extract_id from owned semi join reported using (request_id)
),
first_seals as (
    select source, sealed_date, min(last_ingest_seq) as last_ingest_seq from raw.day_seals group by all
),
unproven as (
    select rows.*, coalesce(ingest_seq > last_ingest_seq, false) as is_late
    from (select source, extract_id, created_at, ingest_seq from raw.stored_activities) as rows
    anti join proven using (extract_id)
    left join first_seals on rows.source = first_seals.source and created_at::date = sealed_date
)
select
    count(*), count(*) filter (where is_late), count(distinct extract_id),
    arg_min(source || ' extract ' || extract_id, (not is_late, ingest_seq))
from unproven
"""
