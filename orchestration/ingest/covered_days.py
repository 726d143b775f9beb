"""When each covered day was last walked in full, as the ledger has it: what reconciliation goes by."""

from __future__ import annotations

from datetime import UTC, datetime

import duckdb

from orchestration.intervals import CoveredDay, by_day, day_floor
from orchestration.warehouse.ledger import coverage

# The covered part of a day begins or ends at midnight; most walks of a piece of it do neither.
_WALKS = """
select slice_start, slice_end, max(started_at) as walked_at
from raw.extracts
where
    source = $source
    and status = 'complete'
    and (slice_start = date_trunc('day', slice_start) or slice_end = date_trunc('day', slice_end))
group by slice_start, slice_end
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
    walked = {
        (_aware(start), _aware(end)): _aware(when)
        for start, end, when in connection.execute(_WALKS, parameters).fetchall()
    }
    records = {_aware(day): count for day, count in connection.execute(_RECORDS, parameters).fetchall()}
    return [
        CoveredDay(piece, walked.get((piece.start, piece.end)), records.get(day_floor(piece.start), 0))
        for stretch in coverage(connection, source)
        for piece in by_day(stretch)
        if day_floor(piece.start) not in removed
    ]


def _aware(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC)
