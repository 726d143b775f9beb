"""Which slices are due: a pure function of what is covered, the clock and the configuration.

The one exception asks the feed a question: where history begins, when nobody said so.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta

from orchestration.slices import DAY, Interval, Kind, Slice, by_day, day_floor, gaps

# The feed keeps activities for 6 years (two leap days, and one to spare); should it keep them longer, the search
# begins before all of them.
RETENTION = timedelta(days=6 * 365 + 3)
BEFORE_ALL = datetime(1970, 1, 1, tzinfo=UTC)


def plan_refresh(
    covered: Sequence[Interval],
    start: datetime,
    horizon: datetime,
    overlap: timedelta,
    unproven: Sequence[Interval] = (),
) -> list[Slice]:
    """Slices that close every gap of `[start, horizon)` and repeat what is `unproven` of it, newest first.

    The gap that ends at the horizon is the tail. Where it continues covered time, its first slice reaches back
    by `overlap`, but not past the beginning of the stretch it continues.
    """
    due: list[Slice] = []
    for gap in gaps(Interval(start, horizon), covered):
        continued = next((piece for piece in covered if piece.end == gap.start), None)
        if gap.end < horizon or continued is None:
            due += [Slice(Kind.BACKFILL, piece.start, piece.end) for piece in by_day(gap)]
            continue
        reach = Interval(max(gap.start - overlap, continued.start), gap.end)
        due += [
            Slice(Kind.INCREMENTAL, piece.start, piece.end, late_before=min(gap.start, piece.end))
            for piece in by_day(reach)
        ]
    planned = [Interval(one.start, one.end) for one in due]
    for stretch in unproven:
        for left in gaps(stretch, planned):
            due += [Slice(Kind.RECONCILE, piece.start, piece.end, late_before=piece.end) for piece in by_day(left)]
    return sorted(due, key=lambda one: one.end, reverse=True)


async def find_start(
    anything_before: Callable[[datetime], Awaitable[bool]],
    covered: Sequence[Interval],
    horizon: datetime,
) -> datetime:
    """Midnight of the day of the first activity, found by halving the retention period.

    Costs one request where covered time already begins at the first activity, else about fifteen. Where the feed
    has nothing at all, history begins on the day of the horizon.
    """
    known = covered[0].start if covered else horizon
    if not await anything_before(known):
        return known if covered else day_floor(horizon)
    earliest, latest = day_floor(horizon - RETENTION), day_floor(known)
    if await anything_before(earliest):
        earliest, latest = BEFORE_ALL, earliest
    if latest < known and not await anything_before(latest):
        return latest
    while latest - earliest > DAY:
        middle = day_floor(earliest + (latest - earliest) / 2)
        if await anything_before(middle):
            latest = middle
        else:
            earliest = middle
    return earliest
