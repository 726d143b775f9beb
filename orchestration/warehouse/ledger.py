"""`raw.extracts`, the ledger: one row per extract, written in the transaction that stores the extract's records.

Coverage, the union of complete slices, is the view `raw.coverage` of it; there is no other state.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

import duckdb

from orchestration.intervals import Interval, aware_utc, gaps, naive_utc
from orchestration.warehouse.errors import WarehouseError
from orchestration.warehouse.schema import ASKED_FOR_ALL, ENDED_ORDER, NEWEST_EXTRACT_SEQ

STUCK = (
    "A minute is the smallest slice: what was read of it is stored, but nothing proves it complete. It is read "
    "again; larger pages (FEED_PAGE_SIZE) need fewer requests."
)

# Over the revisions that an extract brought, in the order in which they were stored; null without any.
REVISIONS_HASH = (
    "select sha256(string_agg(payload_sha256, '' order by ingest_seq)) from raw.activity_revisions "
    "where activity_revisions.extract_id = {extract_id}"
)

_COVERAGE = "select covered_from, covered_to from raw.coverage where source = $source order by covered_from"

# What some extract failed to prove, each with what has been proven of it since it failed last. A slice lies
# within a day, so only extracts of the same day meet: over a long ledger ranges alone would cost seconds.
_FAILED = f"""
with failed as (
    select
        slice_start,
        slice_end,
        max({ENDED_ORDER}) as ended,
        arg_max(error, {ENDED_ORDER}) as error,
        max(page_count) as page_count
    from raw.extracts
    where source = $source and status <> 'complete' and {ASKED_FOR_ALL}
    group by slice_start, slice_end
),
complete as (
    select slice_start, slice_end, {ENDED_ORDER} as ended
    from raw.extracts
    where source = $source and status = 'complete' and {ASKED_FOR_ALL}
)
select
    failed.slice_start,
    failed.slice_end,
    any_value(failed.error) as error,
    any_value(failed.page_count) as page_count,
    list([complete.slice_start, complete.slice_end]) filter (complete.slice_start is not null) as proven
from failed
left join complete
    on
        failed.slice_start::date = complete.slice_start::date
        and failed.slice_start < complete.slice_end
        and failed.slice_end > complete.slice_start
        and failed.ended < complete.ended
group by failed.slice_start, failed.slice_end
order by failed.slice_start
"""


def coverage(connection: duckdb.DuckDBPyConnection, source: str) -> list[Interval]:
    """The intervals that are proven complete for the source, oldest first."""
    return [_interval(*found) for found in connection.execute(_COVERAGE, {"source": source}).fetchall()]


def unproven(connection: duckdb.DuckDBPyConnection, source: str) -> dict[Interval, str]:
    """Intervals that a failed extract was to prove and no later extract has proven, each with what went wrong.

    This includes covered time: an extract that reached back into it was looking for late activities, and has to
    look again.
    """
    return {
        interval: error or "The extract did not end."
        for _, left, error, _ in _failed(connection, source)
        for interval in left
    }


def not_proven(connection: duckdb.DuckDBPyConnection, source: str) -> dict[Interval, str]:
    """What is not proven of the time from the first covered moment of the source to the last, each with a reason.

    These are the gaps between covered intervals, and what is `unproven` wherever it lies.
    """
    covered = coverage(connection, source)
    holes = gaps(Interval(covered[0].start, covered[-1].end), covered) if covered else []
    return dict.fromkeys(holes, "No extract of it is complete.") | unproven(connection, source)


def unfinished(connection: duckdb.DuckDBPyConnection, source: str) -> list[Interval]:
    """Slices that are not proven yet, although an attempt at them got a page: read again, they are cut smaller.

    A slice of which not even one page came says nothing about its size.
    """
    return [failed for failed, left, _, page_count in _failed(connection, source) if left and page_count]


def _failed(
    connection: duckdb.DuckDBPyConnection, source: str
) -> Iterator[tuple[Interval, list[Interval], str | None, int]]:
    """Each slice that failed, what is still not proven of it, why, and the pages that an attempt got."""
    for start, end, error, page_count, proven in connection.execute(_FAILED, {"source": source}).fetchall():
        failed = _interval(start, end)
        yield failed, gaps(failed, [_interval(*time_slice) for time_slice in proven or ()]), error, page_count


def _interval(start: datetime, end: datetime) -> Interval:
    return Interval(aware_utc(start), aware_utc(end))


def stored_hashes(
    connection: duckdb.DuckDBPyConnection, source: str, within: Interval, activity_types: Sequence[str]
) -> set[str]:
    """Hashes of all contents that are stored of these types and times: whatever has one of them is not new."""
    found = connection.execute(
        "select payload_sha256 from raw.activities where source = $source and created_at >= $start "
        "and created_at < $end and list_contains($types, activity_type) "
        "union select payload_sha256 from raw.activity_revisions where source = $source and created_at >= $start "
        "and created_at < $end and list_contains($types, activity_type) "
        "union select payload_sha256 from raw.quarantined_records where source = $source",
        {
            "source": source,
            "start": naive_utc(within.start),
            "end": naive_utc(within.end),
            "types": list(activity_types),
        },
    ).fetchall()
    return {content for (content,) in found}


def close_abandoned(connection: duckdb.DuckDBPyConnection, source: str | None = None) -> int:
    """Mark extracts (of one source, or of all) that a process left open when it died; their slices are still due.

    Only the holder of the pipeline's lock may call this: nobody else is reading then. Returns how many.
    """
    found = connection.execute(
        "update raw.extracts set status = 'failed', finished_at = current_timestamp at time zone 'UTC', "
        "error = 'The process ended before the extract did. ' || case "
        "when page_count = 0 then 'The slice is read again.' "
        "when slice_end - slice_start > interval 1 minute then 'The slice is read again, cut in halves.' "
        "else $stuck end, extract_seq = numbered.extract_seq, revisions_sha256 = numbered.revisions_sha256 "
        f"from (select extract_id, {NEWEST_EXTRACT_SEQ} + row_number() over (order by extract_id) as extract_seq, "
        f"({REVISIONS_HASH.format(extract_id='extracts.extract_id')}) as revisions_sha256 "
        "from raw.extracts where status = 'open' and source = coalesce($source, source)) as numbered "
        "where extracts.extract_id = numbered.extract_id returning extracts.extract_id",
        {"source": source, "stuck": STUCK},
    ).fetchall()
    return len(found)


def ledger_state(connection: duckdb.DuckDBPyConnection) -> tuple[int, ...]:
    """What every write of a run changes: compared before the next one, it shows a file that was replaced."""
    [state] = connection.execute(
        "select count(*), sum(page_count)::bigint, sum(received_count)::bigint, "
        "(select count(*) from raw.feed_requests), (select count(*) from raw.sources) from raw.extracts"
    ).fetchall()
    return state


def check_feed_host(connection: duckdb.DuckDBPyConnection, source: str, host: str) -> None:
    """Refuse to mix feeds: a warehouse filled from a local feed is not continued from the real one.

    Raises:
        WarehouseError: the source was read from another host before.
    """
    others = connection.execute(
        "select feed_host from raw.extracts where source = ? and feed_host <> ? limit 1", [source, host]
    ).fetchall()
    if others:
        raise WarehouseError(
            f"This warehouse was filled from {others[0][0]}, but source {source} is now set to read from {host}. "
            "Use another WAREHOUSE_PATH for another feed."
        )
