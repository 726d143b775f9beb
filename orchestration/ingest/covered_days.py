"""Since when each covered day has been read in full, by the ledger: the input of reconciliation."""

from datetime import datetime

import duckdb

from orchestration.intervals import CoveredDay, Interval, aware_utc, by_day, day_floor, gaps
from orchestration.warehouse.ledger import coverage
from orchestration.warehouse.schema import ASKED_FOR_ALL

# What was read of each day, newest first, without what its largest extract repeated: of a day that one extract
# read in full, that extract and what came after it.
_EXTRACTS = f"""
with extracts as (
    select slice_start, slice_end, started_at, date_trunc('day', slice_start)::timestamp as day
    from raw.extracts
    where source = $source and status = 'complete' and {ASKED_FOR_ALL}
),
largest as (
    select
        day,
        arg_max(slice_start, (slice_end - slice_start, started_at)) as slice_start,
        arg_max(slice_end, (slice_end - slice_start, started_at)) as slice_end,
        arg_max(started_at, (slice_end - slice_start, started_at)) as started_at
    from extracts group by day
)
select extracts.day, extracts.slice_start, extracts.slice_end, extracts.started_at
from extracts
inner join largest on extracts.day = largest.day
where
    extracts.started_at >= largest.started_at
    or extracts.slice_start < largest.slice_start
    or extracts.slice_end > largest.slice_end
order by extracts.started_at desc
"""

_RECORDS = """
select date_trunc('day', slice_start)::timestamp as day, sum(inserted_count)::bigint as record_count
from raw.extracts
where source = $source
group by day
"""

_REMOVED = "select removed_date::timestamp from raw.removed_days where source = $source"


def covered_days(connection: duckdb.DuckDBPyConnection, source: str) -> list[CoveredDay]:
    """The covered days of the source, oldest first; a day with a hole in it has several.

    Days that retention removed are left out: if they were read again, landing would reject them.
    """
    parameters = {"source": source}
    removed = {aware_utc(day) for (day,) in connection.execute(_REMOVED, parameters).fetchall()}
    extracts: dict[datetime, list[tuple[Interval, datetime]]] = {}
    for day, start, end, started in connection.execute(_EXTRACTS, parameters).fetchall():
        extracts.setdefault(aware_utc(day), []).append(
            (Interval(aware_utc(start), aware_utc(end)), aware_utc(started))
        )
    records = {aware_utc(day): count for day, count in connection.execute(_RECORDS, parameters).fetchall()}
    return [
        CoveredDay(
            interval,
            _extracted_at(interval, extracts[day_floor(interval.start)]),
            records.get(day_floor(interval.start), 0),
        )
        for interval in coverage(connection, source)
        for interval in by_day(interval)
        if day_floor(interval.start) not in removed
    ]


def _extracted_at(interval: Interval, newest_first: list[tuple[Interval, datetime]]) -> datetime:
    """When the oldest extract began of those that together cover the interval."""
    extracted: list[Interval] = []
    for interval, started in newest_first:
        extracted.append(interval)
        if not gaps(interval, extracted):
            return started
    return newest_first[-1][1]
