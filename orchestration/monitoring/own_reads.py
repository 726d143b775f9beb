"""Own reads: each answered request must come back as an activity that names its request id.

The feed reports every read of itself. A read of ours that never appears, in time that is proven complete, means
that the feed loses activities, or that this key does not see these.
"""

from datetime import datetime, timedelta
from typing import Any

import duckdb

from orchestration.duckdb_sql import dict_rows
from orchestration.intervals import aware_utc, naive_utc, rfc3339
from orchestration.monitoring.check_result import CheckResult, together
from orchestration.monitoring.ledger_checks import sources
from orchestration.warehouse.ledger import coverage

# How long an own read may take to appear.
OVERDUE_AFTER = timedelta(hours=2)
# Looking further back would cost more each day and find nothing new.
LOOKED_AT = timedelta(days=7)
# The feed stamps the activity by its own clock: time around the read has to be covered, too.
CLOCKS_DIFFER_BY = timedelta(minutes=5)

_ANSWERED = """
with asked as (
    select source, request_id, min(requested_at) as requested_at
    from raw.feed_requests
    where status_code = 200 and requested_at >= $since
    group by source, request_id
),
seen as (
    select
        try(json_extract_string(payload, '$.request_id')) as request_id,
        min(created_at) as created_at,
        min(ingested_at) as ingested_at
    from raw.activities
    where activity_type = 'compliance_api_accessed' and created_at >= $since - $clocks
    group by 1
),
covered as (
    select unnest($sources) as source, unnest($starts) as starts_at, unnest($ends) as ends_at
),
checked as (
    select
        asked.source,
        asked.request_id,
        asked.requested_at,
        seen.request_id is not null as is_seen,
        seen.request_id is null and asked.requested_at < $overdue and covered.source is not null as is_missing,
        epoch(seen.created_at - asked.requested_at) as stamped_seconds,
        epoch(seen.ingested_at - asked.requested_at) as stored_seconds
    from asked
    left join seen on asked.request_id = seen.request_id
    left join covered
        on
            asked.source = covered.source
            and asked.requested_at - $clocks >= covered.starts_at
            and asked.requested_at + $clocks <= covered.ends_at
)
select
    source,
    count(*) as asked_count,
    count(*) filter (where is_seen) as seen_count,
    count(*) filter (where is_missing) as missing_count,
    arg_min(request_id, requested_at) filter (where is_missing) as first_missing,
    min(requested_at) filter (where is_missing) as first_missing_at,
    median(stamped_seconds) as stamped_p50,
    max(stamped_seconds) as stamped_max,
    median(stored_seconds) as stored_p50,
    max(stored_seconds) as stored_max
from checked
group by source
order by source
"""

# Runs only for a source whose reads have not come back lately, because it reads the whole history.
_EVER_SEEN = """
select exists (
    from raw.activities
    where
        activity_type = 'compliance_api_accessed'
        and try(json_extract_string(payload, '$.request_id'))
        in (select request_id from raw.feed_requests where source = ?)
)
"""


def own_reads_come_back(
    connection: duckdb.DuckDBPyConnection, now: datetime, overdue_after: timedelta = OVERDUE_AFTER
) -> CheckResult:
    """Each answered read of the last 7 days came back, unless it is more recent than `overdue_after`.

    A read counts as missing only where the time around it is proven complete. A source that never reported any own
    read is reported by itself: its key may not see them.
    """
    by_source = own_reads_by_source(connection, now, overdue_after)
    return together(list(by_source.values()), "The feed was not read in the last 7 days.")


def own_reads_by_source(
    connection: duckdb.DuckDBPyConnection, now: datetime, overdue_after: timedelta = OVERDUE_AFTER
) -> dict[str, CheckResult]:
    """The result of `own_reads_come_back` for each source that was read in the last 7 days."""
    intervals = [
        (source, naive_utc(one.start), naive_utc(one.end))
        for source in sources(connection)
        for one in coverage(connection, source)
    ]
    names, starts, ends = (list(column) for column in zip(*intervals, strict=True)) if intervals else ([], [], [])
    rows = dict_rows(
        connection,
        _ANSWERED,
        {
            "since": naive_utc(now - LOOKED_AT), "overdue": naive_utc(now - overdue_after),
            "clocks": CLOCKS_DIFFER_BY,
            "sources": names, "starts": starts, "ends": ends,
        },
    )  # fmt: skip
    return {row["source"]: _evaluate(connection, row) for row in rows}


def _evaluate(connection: duckdb.DuckDBPyConnection, row: dict[str, Any]) -> CheckResult:
    source, seen, missing = row["source"], row["seen_count"], row["missing_count"]
    figures = _figures(row)
    if not missing:
        waiting = row["asked_count"] - seen
        return CheckResult(
            True, f"{source}: {seen} own read(s) came back, {waiting} are not due.", figures=figures
        )
    [(was_ever_seen,)] = connection.execute(_EVER_SEEN, [source]).fetchall() if not seen else [(True,)]
    if not was_ever_seen:
        sentence = (
            f"{source}: this source does not report own reads; none of {missing} that are due came back. Its key "
            "may not see them, or the feed loses activities: compare with a key of the parent organization."
        )
        return CheckResult(False, sentence, is_error=False, figures=figures)
    sentence = (
        f"{source}: {missing} own read(s) never came back, the first is {row['first_missing']} of "
        f"{rfc3339(aware_utc(row['first_missing_at']))}. The feed may have lost other activities of that "
        "time: read it again, and report the request id to the feed's support."
    )
    return CheckResult(False, sentence, figures=figures)


def _figures(row: dict[str, Any]) -> dict[str, Any]:
    """Counts, the share that came back of what is due, and seconds until the feed's stamp and until stored."""
    source, seen, missing = row["source"], row["seen_count"], row["missing_count"]
    figures = {f"{source}: asked": row["asked_count"], f"{source}: seen": seen, f"{source}: missing": missing}
    if seen + missing:
        figures[f"{source}: share seen"] = round(seen / (seen + missing), 4)
    delays = ("stamped_p50", "stamped_max", "stored_p50", "stored_max")
    return figures | {f"{source}: seconds {name}": round(row[name], 3) for name in delays if row[name] is not None}
