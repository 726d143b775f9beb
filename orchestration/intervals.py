"""Half-open intervals of `created_at` in UTC, slices, and conversions between aware and naive times.

Pure arithmetic. Which slices are due is decided in `ingest.plan`; coverage is read from the ledger in
`warehouse.ledger`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import overload

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
# Defaults: how far before now a read stops, and how far it reaches back into covered time.
DEFAULT_SETTLE = timedelta(seconds=60)
DEFAULT_OVERLAP = timedelta(minutes=60)


class Kind(StrEnum):
    """Why a slice is read."""

    INCREMENTAL = "incremental"
    BACKFILL = "backfill"
    RECONCILE = "reconcile"


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """`[start, end)`; both are aware datetimes in UTC."""

    start: datetime
    end: datetime

    def __str__(self) -> str:
        return f"[{rfc3339(self.start)}, {rfc3339(self.end)})"


@dataclass(frozen=True, slots=True)
class Slice:
    """An interval within one UTC day, planned to be read.

    A new activity from before `late_before` is late: the time up to there had been proven complete already.
    """

    kind: Kind
    start: datetime
    end: datetime
    late_before: datetime | None = None

    def __str__(self) -> str:
        return str(Interval(self.start, self.end))


@dataclass(frozen=True, slots=True)
class CoveredDay:
    """The covered part of one UTC day.

    `extracted_at`: the time from which on all of it had been read, in one extract or in several.
    `record_count`: the number of activities that the feed returned for it.
    """

    interval: Interval
    extracted_at: datetime
    record_count: int


def rfc3339(moment: datetime) -> str:
    """The time as the feed expects it: RFC 3339 in UTC with `Z`, with fractional seconds only if not zero."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


@overload
def naive_utc(moment: datetime) -> datetime: ...
@overload
def naive_utc(moment: None) -> None: ...
def naive_utc(moment: datetime | None) -> datetime | None:
    """The time as a TIMESTAMP column stores it: UTC without a zone. None stays None."""
    return moment.astimezone(UTC).replace(tzinfo=None) if moment and moment.tzinfo else moment


@overload
def aware_utc(moment: datetime) -> datetime: ...
@overload
def aware_utc(moment: None) -> None: ...
def aware_utc(moment: datetime | None) -> datetime | None:
    """The value of a TIMESTAMP column as an aware time in UTC. None stays None."""
    return moment and moment.replace(tzinfo=UTC)


def day_floor(moment: datetime) -> datetime:
    """Midnight (UTC) at or before the time."""
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def by_day(interval: Interval) -> Iterator[Interval]:
    """The interval split at each UTC midnight, oldest first."""
    start = interval.start
    while start < interval.end:
        end = min(day_floor(start) + DAY, interval.end)
        yield Interval(start, end)
        start = end


def gaps(within: Interval, covered: Iterable[Interval]) -> list[Interval]:
    """The parts of `within` that `covered` does not cover, oldest first."""
    uncovered = []
    start = within.start
    for interval in sorted(covered):
        if interval.start >= within.end:
            break
        if interval.start > start:
            uncovered.append(Interval(start, interval.start))
        start = max(start, interval.end)
    if start < within.end:
        uncovered.append(Interval(start, within.end))
    return uncovered
