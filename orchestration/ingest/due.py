"""Selects the slices one run must read of a source, from the ledger, the feed and the plan."""

import logging
from collections import deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from orchestration.api.endpoint import Receipt
from orchestration.api.errors import FeedError
from orchestration.api.feed import FeedClient
from orchestration.config.sources import Bounds, Source
from orchestration.ingest.plan import (
    can_wait,
    cut_smaller,
    earliest_start,
    find_start,
    plan_range,
    plan_reconcile,
    plan_refresh,
)
from orchestration.ingest.report import SourceReport
from orchestration.intervals import CoveredDay, Interval, Slice, rfc3339

# The `date` header has whole seconds and travels; the settle delay is far longer.
CLOCK_TOLERANCE = timedelta(seconds=5)
# Beyond this the feed's date is not followed: one of the two clocks is wrong, and nothing says which.
MAX_CLOCK_DIFFERENCE = timedelta(days=1)
# From here on the run's report mentions the difference.
CLOCK_NOTED = timedelta(minutes=2)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Ledger:
    """What the ledger says about a source when a run begins. `days` is only for a reconciliation.

    `unfinished`: slices that an attempt could not finish. `lookback`: where to look again for activities that
    become visible late; `stored_hashes`: the hashes stored of them.
    """

    covered: Sequence[Interval]
    unproven: Sequence[Interval] = ()
    unfinished: Sequence[Interval] = ()
    lookback: Interval | None = None
    stored_hashes: Collection[str] = ()
    days: Sequence[CoveredDay] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """The task of a run for each source.

    `began`: when, on the monotonic clock; `older_requests`: the source's share of requests for older days in a
    reconciliation; `within`: the whole days that a reconciliation reads again, instead of those that are due.
    """

    began_at: datetime
    began: float
    bounds: Bounds
    older_requests: int
    is_reconcile: bool = False
    within: Interval | None = None
    run_id: str | None = None


@dataclass(slots=True)
class Due:
    """The slices to read, in this order: `now`, and then as many of `later` as the run's bounds allow."""

    now: deque[Slice] = field(default_factory=deque)
    later: deque[Slice] = field(default_factory=deque)

    def all(self) -> list[Slice]:
        """Every slice that is due."""
        return [*self.now, *self.later]


async def find_due(
    client: FeedClient,
    source: Source,
    ledger: Ledger,
    task: Task,
    report: SourceReport,
    receive: Callable[[Receipt], None],
) -> Due:
    """Ask the feed what the plan needs, and plan. At least one request is sent, which tests the key.

    Sets the report's `history_start` and `horizon`.

    Raises:
        FeedError: nothing of the source can be read.
    """

    async def anything_before(moment: datetime) -> bool:
        return await client.anything_before(moment, receive)

    begun = [interval.start for interval in ledger.covered[:1]]
    if task.is_reconcile:
        await anything_before(min([report.horizon, *begun]))
        return _reconcile(source, ledger, task, report)
    if source.start is None:
        start = await find_start(anything_before, ledger.covered, report.horizon)
        if start <= earliest_start(report.horizon) and await anything_before(start):
            report.notes.append(
                f"The feed has activities from before {rfc3339(start)}, older than any that it keeps: a wrong "
                "time. They are not read; set FEED_START before them to have them read."
            )
    else:
        await anything_before(source.start)
        # What has been read before stays in view when the start moves later.
        start = min([source.start, *begun])
    report.history_start = start
    _follow_the_feeds_clock(client, source, report)
    due = Due()
    for interval in plan_refresh(
        ledger.covered, start, report.horizon, source.overlap, ledger.unproven, ledger.unfinished
    ):
        (due.later if can_wait(interval, ledger.covered) else due.now).append(interval)
    return due


def _reconcile(source: Source, ledger: Ledger, task: Task, report: SourceReport) -> Due:
    if task.within:
        again = plan_range(ledger.days, task.within)
        if not again:
            report.notes.append(f"Nothing of {task.within} was read before, so nothing of it is read again.")
        return Due(deque(cut_smaller(again, ledger.unfinished)))
    every = task.bounds.reconcile_every
    plan = plan_reconcile(
        ledger.days,
        task.began_at,
        recent_days=task.bounds.reconcile_days,
        every=every,
        requests=task.older_requests,
        page_size=source.page_size,
    )
    if plan.nights > every.days:
        report.notes.append(
            f"Walking all of history again takes {plan.nights} nights, not {every.days}: raise "
            "FEED_RECONCILE_REQUESTS."
        )
    return Due(
        deque(cut_smaller(plan.recent, ledger.unfinished)), deque(cut_smaller(plan.older, ledger.unfinished))
    )


def _follow_the_feeds_clock(client: FeedClient, source: Source, report: SourceReport) -> None:
    """Never prove time that is in the future for the feed: its activities would never be read.

    Raises:
        FeedError: the feed's clock is so far behind that following it would leave activities unread.
    """
    ahead = client.clock_ahead
    if ahead is None or abs(ahead) <= CLOCK_TOLERANCE:
        return
    ours = report.horizon + source.settle
    clocks = f"This machine's clock says {rfc3339(ours)}, the feed's date {_moved(ours, ahead)}."
    if ahead > MAX_CLOCK_DIFFERENCE:
        raise FeedError(
            f"{clocks} Without a reliable time nothing was read. Correct the clock; if it is right, a "
            "proxy on the way or the feed sends a wrong date."
        )
    if ahead > CLOCK_TOLERANCE:
        report.horizon -= ahead
        log.warning("%s The earlier of the two is used. Correct the clock.", clocks)
    if abs(ahead) > CLOCK_NOTED:
        report.notes.append(f"{clocks} What is newer than the earlier of the two is not read yet.")


def _moved(ours: datetime, ahead: timedelta) -> str:
    """The feed's time, in whole seconds as in its `date` header."""
    return rfc3339((ours - ahead).replace(microsecond=0))
