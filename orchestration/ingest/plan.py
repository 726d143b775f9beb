"""Which slices are due: a pure function of what is covered, the clock and the configuration.

One exception asks the feed: where history begins, if that is not configured.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import accumulate, pairwise
from math import ceil

from orchestration.intervals import DAY, MINUTE, CoveredDay, Interval, Kind, Slice, by_day, day_floor, gaps

# The feed keeps activities for 6 years (two leap days, and one to spare); should it keep them longer, the search
# goes back twice as far. What is older has a wrong time, and would cost a slice for each day since.
RETENTION = timedelta(days=6 * 365 + 3)
# Accesses by the provider's staff become visible up to two business days after they happened.
DELAYED_TYPES = ("anthropic_access", "cmek_preserve")
DELAY_BUSINESS_DAYS = 2


def plan_refresh(
    covered: Sequence[Interval],
    start: datetime,
    horizon: datetime,
    overlap: timedelta,
    unproven: Sequence[Interval] = (),
    unfinished: Sequence[Interval] = (),
) -> list[Slice]:
    """Slices that close each gap of `[start, horizon)` and repeat what is `unproven` before its end, newest first.

    What was too much for an earlier attempt is `unfinished`, and is cut smaller.

    Where a gap continues covered time, its first slice reaches back by `overlap`, but not past the beginning of
    the interval it continues. This includes holes, because there a run ended before it looked back. The gap that
    ends at the horizon is the tail.
    """
    due: list[Slice] = []
    for gap in gaps(Interval(start, horizon), covered):
        continued = next((interval for interval in covered if interval.end == gap.start), None)
        if continued is None:
            due += [Slice(Kind.BACKFILL, interval.start, interval.end) for interval in by_day(gap)]
            continue
        reach = Interval(max(gap.start - overlap, continued.start), gap.end)
        kind = Kind.INCREMENTAL if gap.end == horizon else Kind.BACKFILL
        due += [
            Slice(kind, interval.start, interval.end, late_before=min(gap.start, interval.end))
            for interval in by_day(reach)
        ]
    planned = [Interval(one.start, one.end) for one in due]
    for interval in unproven:
        # A clock that was ahead may have asked for the future. Proven now, it would never be read.
        for left in gaps(Interval(interval.start, min(interval.end, horizon)), planned):
            unread = gaps(left, covered)
            due += [
                Slice(Kind.BACKFILL, interval.start, interval.end) for gap in unread for interval in by_day(gap)
            ]
            for read in gaps(left, unread):
                due += [Slice(Kind.RECONCILE, one.start, one.end, late_before=one.end) for one in by_day(read)]
    return cut_smaller(sorted(due, key=lambda one: one.end, reverse=True), unfinished)


def cut_smaller(due: Sequence[Slice], unfinished: Sequence[Interval]) -> list[Slice]:
    """The slices, newest first, cut where an `unfinished` slice began, ended, and in its middle.

    A slice is halved with each attempt until one can finish it. A minute is not cut; one that was too much comes
    last, so that it holds up nothing else.
    """
    points = sorted({point for one in unfinished for point in _points(one)})
    minutes = {one for one in unfinished if one.end - one.start <= MINUTE}
    intervals = [interval for one in due for interval in _cut(one, points)]
    return sorted(intervals, key=lambda one: Interval(one.start, one.end) in minutes)


def _points(unfinished: Interval) -> list[datetime]:
    length = unfinished.end - unfinished.start
    if length <= MINUTE:
        return [unfinished.start, unfinished.end]
    return [unfinished.start, unfinished.start + max(length // 2 // MINUTE, 1) * MINUTE, unfinished.end]


def _cut(one: Slice, points: Sequence[datetime]) -> list[Slice]:
    inside = points[bisect_right(points, one.start) : bisect_left(points, one.end)]
    bounds = list(pairwise([one.start, *inside, one.end]))
    return [
        replace(one, start=start, end=end, late_before=one.late_before and min(one.late_before, end))
        for start, end in reversed(bounds)
    ]


def plan_lookback(covered: Sequence[Interval], overlap: timedelta) -> Interval | None:
    """The covered time in which to look for `DELAYED_TYPES` again: what the overlap does not reach anyway.

    From midnight two business days (UTC; holidays are not known) before the end of covered time.
    """
    if not covered:
        return None
    newest = covered[-1]
    day, business_days = day_floor(newest.end), 0
    while business_days < DELAY_BUSINESS_DAYS:
        day -= DAY
        business_days += day.weekday() < 5
    found = Interval(max(day, newest.start), newest.end - overlap)
    return found if found.start < found.end else None


def can_wait(time_slice: Slice, covered: Sequence[Interval]) -> bool:
    """Whether a run may leave the slice to the next one: history that is older than all covered time.

    A hole in covered time may not wait, nor the tail: they are gaps.
    """
    return time_slice.kind is Kind.BACKFILL and (not covered or time_slice.end <= covered[0].start)


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What to read again: the `recent` days, newest first, and `older` ones, least recently read first.

    `nights`: how many such runs it takes until every older day has had its turn.
    """

    recent: list[Slice]
    older: list[Slice]
    nights: int


def plan_reconcile(
    days: Sequence[CoveredDay], now: datetime, *, recent_days: int, every: timedelta, requests: int, page_size: int
) -> Reconciliation:
    """The covered part of today, the `recent_days` before it, and as many older days as are due.

    Due is an even share of all older days, so that each has its turn within `every`, or whatever has waited for
    longer than that, within the number of `requests`; but at least one day, or a large one would never be read.
    """
    since = day_floor(max((day.interval.end for day in days), default=now)) - recent_days * DAY
    newest_first = sorted(days, key=lambda day: day.interval, reverse=True)
    older = [day for day in newest_first if day.interval.start < since]
    older.sort(key=lambda day: day.extracted_at)
    overdue = sum(day.extracted_at <= now - every for day in older)
    share = ceil(len(older) * DAY / every)
    costs = [day.record_count // page_size + 1 for day in older]
    affordable = sum(total <= requests for total in accumulate(costs))
    chosen = older[: max(min(affordable, max(share, overdue)), 1)]
    return Reconciliation(
        [_again(day) for day in newest_first if day.interval.start >= since],
        [_again(day) for day in chosen],
        max(ceil(len(older) / share) if share else 0, ceil(sum(costs) / requests)),
    )


def plan_range(days: Sequence[CoveredDay], within: Interval) -> list[Slice]:
    """What is covered of the days in a range of whole days, to be read again: newest first."""
    chosen = [day for day in days if within.start <= day.interval.start < within.end]
    return [_again(day) for day in sorted(chosen, key=lambda day: day.interval, reverse=True)]


def _again(day: CoveredDay) -> Slice:
    return Slice(Kind.RECONCILE, day.interval.start, day.interval.end, late_before=day.interval.end)


def earliest_start(horizon: datetime) -> datetime:
    """Where history begins at the earliest when nobody configured it."""
    return day_floor(horizon - 2 * RETENTION)


async def find_start(
    anything_before: Callable[[datetime], Awaitable[bool]], covered: Sequence[Interval], horizon: datetime
) -> datetime:
    """Midnight of the day of the first activity, found by halving the retention period.

    Costs one request where covered time already begins at the first activity, else about fifteen. Where the feed
    has nothing at all, history begins on the day of the horizon.
    """
    known = covered[0].start if covered else horizon
    if known <= earliest_start(horizon):
        return known
    if not await anything_before(known):
        return known if covered else day_floor(horizon)
    earliest, latest = day_floor(horizon - RETENTION), day_floor(known)
    if await anything_before(earliest):
        earliest, latest = earliest_start(horizon), earliest
    if latest < known and not await anything_before(latest):
        return latest
    while latest - earliest > DAY:
        middle = day_floor(earliest + (latest - earliest) / 2)
        if await anything_before(middle):
            latest = middle
        else:
            earliest = middle
    return earliest
