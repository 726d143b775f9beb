"""Time as the product reads it: half-open intervals of `created_at`, in UTC, and slices to walk.

The arithmetic is pure. Which slices are due is decided in `feed.plan`; what has been covered is read from the
ledger in `warehouse.ledger`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
# How far behind now a read stops, and how far it reaches back into covered time, unless a setting says otherwise.
DEFAULT_SETTLE = timedelta(seconds=60)
DEFAULT_OVERLAP = timedelta(minutes=60)


class Kind(StrEnum):
    """Why a slice is walked."""

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
    """An interval within one UTC day that is to be walked.

    An activity that is stored for the first time and whose time is before `late_before` is late: that stretch
    had been proven complete before.
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

    `walked_at`: since when every moment of it has been walked, in one walk or in several.
    `record_count`: how many activities the feed had in it.
    """

    piece: Interval
    walked_at: datetime
    record_count: int


def rfc3339(moment: datetime) -> str:
    """The moment as the feed takes it: RFC 3339 in UTC with `Z`, fractions only where there are any."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def day_floor(moment: datetime) -> datetime:
    """Midnight (UTC) at or before the moment."""
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def by_day(interval: Interval) -> Iterator[Interval]:
    """The interval cut at each UTC midnight, oldest first."""
    start = interval.start
    while start < interval.end:
        end = min(day_floor(start) + DAY, interval.end)
        yield Interval(start, end)
        start = end


def gaps(within: Interval, covered: Iterable[Interval]) -> list[Interval]:
    """What `covered` leaves open of `within`, oldest first."""
    found = []
    start = within.start
    for piece in sorted(covered):
        if piece.start >= within.end:
            break
        if piece.start > start:
            found.append(Interval(start, piece.start))
        start = max(start, piece.end)
    if start < within.end:
        found.append(Interval(start, within.end))
    return found
