"""What is due of one source in one run: the ledger's view, the feed's answers and the plan brought together."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from orchestration.api.client import FeedClient, Receipt
from orchestration.config.sources import Bounds, Source
from orchestration.ingest.plan import can_wait, cut_smaller, find_start, plan_reconcile, plan_refresh
from orchestration.ingest.report import Report
from orchestration.intervals import CoveredDay, Interval, Slice

# The `date` header tells whole seconds and travels; the settle delay is far longer.
CLOCK_TOLERANCE_SECONDS = 5.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Ledger:
    """What the ledger says of a source when a run begins. `days` is for a reconciliation alone.

    `unfinished`: slices that were too much for an attempt. `lookback`: where to look again for what becomes
    visible late; `stored_hashes`: what is known of it.
    """

    covered: Sequence[Interval]
    unproven: Sequence[Interval] = ()
    unfinished: Sequence[Interval] = ()
    lookback: Interval | None = None
    stored_hashes: Collection[str] = ()
    days: Sequence[CoveredDay] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What a run is to do with each source.

    `began`: when, on the monotonic clock; `older_requests`: the source's share of what a reconciliation may ask
    for older days.
    """

    began_at: datetime
    began: float
    bounds: Bounds
    older_requests: int
    is_reconcile: bool = False
    run_id: str | None = None


@dataclass(slots=True)
class Due:
    """The slices to walk, in this order: `now`, and then as many of `later` as the run's bounds allow."""

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
    report: Report,
    receive: Callable[[Receipt], None],
) -> Due:
    """Ask the feed what the plan needs, and plan. At least one question is asked: it tries the key.

    Sets the report's `history_start` and `horizon`.

    Raises:
        FeedError: nothing of the source can be read.
    """

    async def anything_before(moment: datetime) -> bool:
        return await client.anything_before(moment, receive)

    begun = [piece.start for piece in ledger.covered[:1]]
    if task.is_reconcile:
        await anything_before(min([report.horizon, *begun]))
        return _reconcile(source, ledger, task, report)
    if source.start is None:
        start = await find_start(anything_before, ledger.covered, report.horizon)
    else:
        await anything_before(source.start)
        # What has been read before stays in view when the start moves later.
        start = min([source.start, *begun])
    report.history_start = start
    _trust_the_feed_s_clock(client, source, report)
    due = Due()
    for piece in plan_refresh(
        ledger.covered, start, report.horizon, source.overlap, ledger.unproven, ledger.unfinished
    ):
        (due.later if can_wait(piece, ledger.covered) else due.now).append(piece)
    return due


def _reconcile(source: Source, ledger: Ledger, task: Task, report: Report) -> Due:
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


def _trust_the_feed_s_clock(client: FeedClient, source: Source, report: Report) -> None:
    """Never prove a time that is still to come for the feed: activities in it would be lost for good."""
    if client.feed_time is None:
        return
    ahead = (report.horizon + source.settle - client.feed_time).total_seconds()
    if ahead > CLOCK_TOLERANCE_SECONDS:
        log.warning("This machine's clock is %.0f s ahead of the feed's, which counts. Set it right.", ahead)
        report.horizon = client.feed_time - source.settle
