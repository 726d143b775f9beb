"""What the warehouse knows about a source and a period: coverage, extracts, days, seals, and when logging was off.

Only facts live here, as rows; `orchestration.attestation.attest` turns them into a statement.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import duckdb

from orchestration.attestation.agreement import Agreement, read_agreement
from orchestration.attestation.built_facts import name_organizations, read_blind_spots, read_keys
from orchestration.duckdb_sql import dict_rows
from orchestration.evidence.day_hash import day_contents
from orchestration.intervals import DAY, Interval, gaps, naive_utc
from orchestration.warehouse.ledger import coverage, unproven
from orchestration.warehouse.schema import ASKED_FOR_ALL, ENDED_ORDER, NEWEST_INGEST_SEQ
from orchestration.warehouse.temporary import temporary

# An extract ends with a page that is not full and says that there is no more; the ledger says which kind it was.
# An extract limited to some types proves nothing, and is left out.
_EXTRACTS = f"""
with receipts as (
    select extract_id, arg_min(request_id, requested_at) as first_request_id, count(*) as request_count
    from raw.feed_requests
    where source = $source
    group by extract_id
),
extracts as (
    select *, (query ->> 'limit')::bigint as page_limit, {ENDED_ORDER} as ended
    from raw.extracts
    where source = $source and slice_start < $until and slice_end > $since and {ASKED_FOR_ALL}
),
repeats as (
    select failed.extract_id, arg_min(later.extract_id, (later.ended, later.extract_id)) as repeated_by
    from extracts as failed
    join (
        select *, {ENDED_ORDER} as ended
        from raw.extracts where source = $source and status = 'complete' and {ASKED_FOR_ALL}
    ) as later
        on
            later.ended > failed.ended
            and later.slice_start <= failed.slice_start
            and later.slice_end >= failed.slice_end
    where failed.status <> 'complete'
    group by failed.extract_id
)
select
    extract_id, kind, slice_start, slice_end, status,
    case
        when status <> 'complete' then null
        when received_count = 0 then 'empty'
        when page_count > 1 and received_count = (page_count - 1) * page_limit then 'confirmed'
        else 'short_page'
    end as proof,
    page_count, page_limit, received_count, inserted_count, duplicate_count, revision_count, late_count,
    coalesce(request_count, 0) as request_count, first_cursor, last_cursor, first_request_id, last_request_id,
    content_sha256, started_at, finished_at, product_version, error, repeated_by
from extracts
left join receipts using (extract_id)
left join repeats using (extract_id)
order by slice_start, slice_end, started_at, extract_id
"""

_WANTED_DAYS = f"""
select
    $source as source, day::date as sealed_date, {NEWEST_INGEST_SEQ} as last_ingest_seq, null as through_removal
from generate_series($first::date::timestamp, $last::date::timestamp, interval 1 day) as days (day)
"""

_DAYS = f"""
with extracts as (
    select
        slice_start::date as sealed_date,
        count(*) filter (where {ASKED_FOR_ALL}) as extract_count,
        count(*) filter (where status <> 'complete') as failed_extract_count,
        coalesce(sum(page_count) filter (where {ASKED_FOR_ALL}), 0)::bigint as page_count,
        sum(late_count)::bigint as late_count,
        sum(revision_count)::bigint as revision_count,
        max(finished_at) filter (where status = 'complete' and {ASKED_FOR_ALL}) as last_read_at
    from raw.extracts where source = $source group by all
),
newest as (
    select sealed_date, day_sha256 from raw.day_seals where source = $source
    qualify row_number() over (partition by sealed_date order by seal_number desc) = 1
)
select
    sealed_date as date, contents.activity_count,
    coalesce(extract_count, 0) as extract_count, coalesce(failed_extract_count, 0) as failed_extract_count,
    coalesce(page_count, 0) as page_count, coalesce(late_count, 0) as late_count,
    coalesce(revision_count, 0) as revision_count, last_read_at, contents.day_sha256,
    newest.day_sha256 is not distinct from contents.day_sha256 as is_sealed
from {{contents}} as contents
left join extracts using (sealed_date)
left join newest using (sealed_date)
order by sealed_date
"""

_SEALS = """
select sealed_date, seal_number, seal_version, activity_count, day_sha256, previous_seal_sha256, seal_sha256,
    sealed_at, reason, removal_sha256
from raw.day_seals
where source = $source and sealed_date >= $since::date and sealed_date < $until::date
order by seal_number
"""

# Authorized removals from these days: how much each removed, from how many days.
_REMOVALS = """
with parts as (
    select
        removal_id, source, created_at::date as removed_date,
        if(table_name = 'activities', 1, 0) as activity_count,
        if(table_name = 'activities', 0, 1) as revision_count
    from raw.removed_activities
    union all
    select removal_id, source, removed_date, activity_count, revision_count from raw.removed_days
)
select
    removal_id, kind, requested_by, reason, removed_at, removal_sha256,
    count(distinct removed_date) as day_count,
    sum(parts.activity_count)::bigint as activity_count,
    sum(parts.revision_count)::bigint as revision_count
from parts join raw.removals using (removal_id)
where source = $source and removed_date >= $since::date and removed_date < $until::date
group by all
order by removal_id
"""

# Those of the activities, as the feed names them.
_ORGANIZATIONS = """
select organization_uuid, count(*) as activity_count
from raw.stored_activities
where source = $source and created_at >= $since and created_at < $until
group by organization_uuid order by organization_uuid nulls last
"""

_SOURCE = """
select
    any_value(feed_host) as feed_host,
    list_sort(list(distinct product_version)) as product_versions,
    (select min(created_at) from raw.schema_version) as warehouse_created_at,
    (select max(created_at) from raw.activities where source = $source) as newest_activity_at
from raw.extracts where source = $source
"""

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Facts:
    """Rows about one source and period, each a mapping of column to value; times are UTC without a zone.

    `blind_spots` and `keys` come from the marts, None before these are built; `blind_spots_remark` is a sentence
    where the blind spots may not be all. `agreement` is of the last build, whatever the period.
    """

    source: Row
    extracts: list[Row]
    days: list[Row]
    seals: list[Row]
    gaps: list[Interval]
    still_open: dict[Interval, str]
    blind_spots: list[Row] | None
    blind_spots_remark: str | None
    removals: list[Row]
    agreement: Agreement
    organizations: list[Row]
    keys: list[Row] | None


def list_sources(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """The names of the sources that were ever read."""
    return [
        name for (name,) in connection.execute("select distinct source from raw.extracts order by 1").fetchall()
    ]


def read_facts(connection: duckdb.DuckDBPyConnection, source: str, first: date, last: date) -> Facts:
    """The facts about the days from `first` to `last`, both included."""
    period = Interval(
        datetime.combine(first, time(), UTC), datetime.combine(last + timedelta(days=1), time(), UTC)
    )
    bounds = {"since": naive_utc(period.start), "until": naive_utc(period.end)}
    holes = gaps(period, coverage(connection, source))
    days = _read_days(connection, source, first, last)
    extracts = dict_rows(connection, _EXTRACTS, {"source": source} | bounds)
    for day in days:
        day["coverage"] = _coverage_of(day["date"], holes)
    # Costly over a long ledger, and unnecessary if nothing failed.
    waiting = unproven(connection, source) if any(extract["status"] != "complete" for extract in extracts) else {}
    spots = read_blind_spots(connection, source, period)
    still_open = {
        interval: reason
        for interval, reason in waiting.items()
        if interval.start < period.end and interval.end > period.start
    }
    return Facts(
        source=dict_rows(connection, _SOURCE, {"source": source})[0],
        extracts=extracts,
        days=days,
        seals=dict_rows(connection, _SEALS, {"source": source} | bounds),
        gaps=holes,
        still_open=still_open,
        blind_spots=spots.rows,
        blind_spots_remark=spots.remark,
        removals=dict_rows(connection, _REMOVALS, {"source": source} | bounds),
        agreement=read_agreement(connection, source),
        organizations=name_organizations(
            connection, dict_rows(connection, _ORGANIZATIONS, {"source": source} | bounds)
        ),
        keys=read_keys(connection, source, period),
    )


def _read_days(connection: duckdb.DuckDBPyConnection, source: str, first: date, last: date) -> list[Row]:
    bounds = {"source": source, "first": first, "last": last}
    with (
        temporary(connection, "wanted_days", _WANTED_DAYS, bounds) as wanted,
        day_contents(connection, wanted) as contents,
    ):
        return dict_rows(connection, _DAYS.format(contents=contents), {"source": source})


def _coverage_of(day: date, holes: list[Interval]) -> str:
    start = datetime.combine(day, time(), UTC)
    open_parts = [hole for hole in holes if hole.start < start + DAY and hole.end > start]
    if not open_parts:
        return "complete"
    hole = open_parts[0]
    return "missing" if hole.start <= start and hole.end >= start + DAY else "partial"
