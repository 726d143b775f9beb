"""Since when each covered day has been walked in full, as the ledger has it: what reconciliation goes by."""

from __future__ import annotations

from datetime import UTC, datetime

import duckdb

from orchestration.intervals import CoveredDay, Interval, by_day, day_floor, gaps
from orchestration.warehouse.ledger import coverage
from orchestration.warehouse.schema import ASKED_FOR_ALL

# What was walked of each day, newest first, without what its largest walk repeated: of a day that one walk read in
# full, that walk and what came after it.
_WALKS = f"""
with walks as (
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
    from walks group by day
)
select walks.day, walks.slice_start, walks.slice_end, walks.started_at
from walks
inner join largest on walks.day = largest.day
where
    walks.started_at >= largest.started_at
    or walks.slice_start < largest.slice_start
    or walks.slice_end > largest.slice_end
order by walks.started_at desc
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

    Days that retention removed are left out: walked again, they would only be turned away.
    """
    parameters = {"source": source}
    removed = {_aware(day) for (day,) in connection.execute(_REMOVED, parameters).fetchall()}
    walks: dict[datetime, list[tuple[Interval, datetime]]] = {}
    for day, start, end, started in connection.execute(_WALKS, parameters).fetchall():
        walks.setdefault(_aware(day), []).append((Interval(_aware(start), _aware(end)), _aware(started)))
    records = {_aware(day): count for day, count in connection.execute(_RECORDS, parameters).fetchall()}
    return [
        CoveredDay(piece, _walked_at(piece, walks[day_floor(piece.start)]), records.get(day_floor(piece.start), 0))
        for stretch in coverage(connection, source)
        for piece in by_day(stretch)
        if day_floor(piece.start) not in removed
    ]


def _walked_at(piece: Interval, newest_first: list[tuple[Interval, datetime]]) -> datetime:
    """When the oldest of the walks began that it takes to have all of the piece."""
    walked: list[Interval] = []
    for interval, started in newest_first:
        walked.append(interval)
        if not gaps(piece, walked):
            return started
    return newest_first[-1][1]


def _aware(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC)
