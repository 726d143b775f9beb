"""The statements about the ledger: what seals cover of it, and what ties a record to the extract that brought it.

A seal covers the rows of its source's ledger that ended since the seal before it, of whatever days, by
`extract_seq`. Rows from before there were such numbers are covered by the first seal of format 2.
"""

from __future__ import annotations

_FIELDS = (
    "extract_id", "extract_seq", "source", "kind", "slice_start", "slice_end", "query", "status", "page_count",
    "received_count", "inserted_count", "duplicate_count", "revision_count", "quarantined_count", "late_count",
    "first_cursor", "last_cursor", "last_request_id", "content_sha256", "started_at", "finished_at",
    "dagster_run_id", "product_version", "error", "feed_host",
)  # fmt: skip

# Rows that ended, each with its hash. JSON keeps the fields apart whatever a cursor holds. What a restore had to
# take back is in the ledger as it was sealed.
LEDGER_ROWS = f"""
select
    source, extract_id, coalesce(extracts.extract_seq, 0) as extract_seq,
    coalesce(doubted.row_sha256, sha256(json_array({", ".join(f"extracts.{one}" for one in _FIELDS)})::varchar))
        as row_sha256
from raw.extracts
left join raw.doubted_extracts as doubted using (source, extract_id)
where status <> 'open'
union all
select source, extract_id, coalesce(extract_seq, 0), row_sha256
from raw.doubted_extracts anti join raw.extracts using (source, extract_id)
"""

LEDGER_HASH = "sha256(coalesce(string_agg(row_sha256, '' order by extract_seq, extract_id), ''))"

SEALED_ROWS = f"""
with seals as (
    select source, sealed_date, seal_number, last_extract_seq, extract_count, ledger_sha256,
        min(seal_number) over (partition by source, last_extract_seq) = seal_number as is_first
    from raw.day_seals where seal_format = 2
),
placed as (
    select firsts.source, seal_number, rows.extract_id, rows.extract_seq, row_sha256
    from ({LEDGER_ROWS}) as rows
    asof join (from seals where is_first) as firsts
        on rows.source = firsts.source and rows.extract_seq <= firsts.last_extract_seq
),
found as (
    select
        source, seal_number, count(extract_id) as found_count, {LEDGER_HASH} as found_sha256
    from (select source, seal_number from seals) left join placed using (source, seal_number)
    group by source, seal_number
),
judged as (
    select
        *,
        extract_count is distinct from found_count or ledger_sha256 is distinct from found_sha256 as is_differing
    from seals join found using (source, seal_number)
)
select
    coalesce(sum(found_count), 0)::bigint,
    count(*) filter (where is_differing),
    arg_min(
        source || ' seal ' || seal_number || ' of ' || sealed_date || ': sealed with ' || extract_count
        || ' extracts and hash ' || ledger_sha256 || ', found ' || found_count || ' and ' || found_sha256,
        (source, seal_number)
    ) filter (where is_differing)
from judged
"""

# Where everything that came was new, the rows give the hash of what was received. Of days that retention removed
# there are no rows.
CONTENTS = """
with rows as (
    select extract_id, ingest_seq, payload_sha256 from raw.stored_activities
    union all
    select extract_id, ingest_seq, payload_sha256 from raw.activity_revisions
    union all
    select extract_id, ingest_seq, payload_sha256 from raw.removed_activities
),
found as (
    select extract_id, sha256(string_agg(payload_sha256, '' order by ingest_seq)) as found_sha256
    from rows
    where hash(extract_id) % $parts = $part
    group by extract_id
),
judged as (
    select source, extract_id, content_sha256, found_sha256
    from raw.extracts
    join found using (extract_id)
    anti join raw.removed_extracts using (source, extract_id)
    where status = 'complete' and received_count = inserted_count + revision_count
)
select
    count(*),
    count(*) filter (where content_sha256 is distinct from found_sha256),
    min(source || ' extract ' || extract_id || ': received was ' || coalesce(content_sha256, 'nothing')
        || ', stored is ' || found_sha256) filter (where content_sha256 is distinct from found_sha256)
from judged
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
