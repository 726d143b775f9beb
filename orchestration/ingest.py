"""Where the feed meets the warehouse: plan the due slices of a source, walk them side by side, land them.

The walks share one connection pool, one budget and one back-off; one lander stores what they bring. Nothing
waits for the network while the file is open.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from orchestration.feed.client import FeedClient, Receipt
from orchestration.feed.errors import FeedError, FeedUnavailable, KeyRefused, WrongAddress
from orchestration.feed.plan import find_start, plan_refresh
from orchestration.feed.walk import frozen_query, walk
from orchestration.lander import Lander
from orchestration.report import Report
from orchestration.slices import Interval, Slice
from orchestration.sources import Source
from orchestration.warehouse.connection import open_warehouse
from orchestration.warehouse.ledger import (
    Chunk,
    Walk,
    check_feed_host,
    close_abandoned,
    coverage,
    record_requests,
    unproven,
)

# A walk hands over what it has when it holds this much.
CHUNK_BYTES = 8 * 2**20
# Walks in a row that failed after all their retries: the feed is down, not one slice of it.
OUTAGE_AFTER = 3
PROGRESS_SECONDS = 10.0
# The `date` header tells whole seconds and travels; the settle delay is far longer.
CLOCK_TOLERANCE_SECONDS = 5.0

log = logging.getLogger(__name__)


def refresh(source: Source, path: Path, *, run_id: str | None = None) -> Report:
    """Read what is due of the source up to its horizon and store it in the warehouse at `path`.

    The caller holds `warehouse.connection.exclusive`. Failed slices are reported, not raised: the others are
    stored.

    Raises:
        FeedError: nothing could be read at all.
        WarehouseError: the file cannot be used.
    """
    return asyncio.run(_Refresh(source, path, run_id).run())


class _Refresh:
    def __init__(self, source: Source, path: Path, run_id: str | None) -> None:
        self.source = source
        self.path = path
        self.run_id = run_id
        self.began = time.monotonic()
        self.report = Report(source.name, datetime.now(UTC) - source.settle, [])
        self.todo: deque[Slice] = deque()
        self.lander = Lander(path, self._landed)
        self.outages = 0
        self.finished = 0
        self.told = self.began

    async def run(self) -> Report:
        """Plan, walk and land."""
        covered, again = self._open_ledger()
        async with FeedClient(
            self.source.url,
            self.source.key,
            requests_per_minute=self.source.requests_per_minute,
            retry=self.source.retry,
        ) as client:
            start = await self._find_start(client, covered)
            self._trust_the_feed_s_clock(client)
            self.report.due = plan_refresh(covered, start, self.report.horizon, self.source.overlap, again)
            self.todo.extend(self.report.due)
            if self.todo:
                await self._walk_all(client)
            self.report.waited_seconds = client.budget.waited_seconds
        self.report.seconds = time.monotonic() - self.began
        return self.report

    def _trust_the_feed_s_clock(self, client: FeedClient) -> None:
        """Never prove a time that is still to come for the feed: activities in it would be lost for good."""
        if client.feed_time is None:
            return
        ahead = (self.report.horizon + self.source.settle - client.feed_time).total_seconds()
        if ahead > CLOCK_TOLERANCE_SECONDS:
            log.warning("This machine's clock is %.0f s ahead of the feed's, which counts. Set it right.", ahead)
            self.report.horizon = client.feed_time - self.source.settle

    def _open_ledger(self) -> tuple[list[Interval], list[Interval]]:
        with open_warehouse(self.path) as connection:
            check_feed_host(connection, self.source.name, self.source.host)
            self.report.abandoned_count = close_abandoned(connection)
            name = self.source.name
            return coverage(connection, name), list(unproven(connection, name))

    async def _find_start(self, client: FeedClient, covered: Sequence[Interval]) -> datetime:
        """Where reading begins. What has been read before stays in view when `FEED_START` moves later."""
        receipts: list[Receipt] = []

        async def anything_before(moment: datetime) -> bool:
            return await client.anything_before(moment, receipts.append)

        try:
            if self.source.start is None:
                return await find_start(anything_before, covered, self.report.horizon)
            # One question all the same: it tries the key and tells the feed's time.
            await anything_before(self.source.start)
            return min([self.source.start, *(piece.start for piece in covered[:1])])
        finally:
            self.report.request_count += len(receipts)
            with open_warehouse(self.path) as connection:
                record_requests(connection, ((self.source.name, None, receipt) for receipt in receipts))

    async def _walk_all(self, client: FeedClient) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self.lander.run())
                async with asyncio.TaskGroup() as walkers:
                    for _ in range(min(self.source.concurrency, len(self.todo))):
                        walkers.create_task(self._walk_some(client))
                self.lander.finish()
        except BaseExceptionGroup as group:
            # The first failure is what the operator needs; the others followed from it.
            raise _first(group) from None

    async def _walk_some(self, client: FeedClient) -> None:
        while self.todo and not self.report.is_stopped:
            await self._walk_one(client, self.todo.popleft())

    async def _walk_one(self, client: FeedClient, piece: Slice) -> None:
        query = frozen_query(piece, self.source.page_size)
        one = Walk(
            source=self.source.name,
            piece=piece,
            query=query,
            feed_host=self.source.host,
            dagster_run_id=self.run_id,
        )
        self.report.walks.append(one)
        chunk = Chunk(one)
        try:
            # The receipts of a page's failed attempts arrive with the page: the list is the open chunk's own.
            pages = walk(client, query, lambda receipt: chunk.receipts.append(receipt))
            async for page in pages:
                chunk.add(page.data, page.first_id, page.last_id)
                if self.lander.has_refused(one.extract_id):
                    break
                if chunk.byte_count >= CHUNK_BYTES:
                    full, chunk = chunk, Chunk(one)
                    await self.lander.hand_over(full)
            if not self.lander.has_refused(one.extract_id):
                chunk.outcome = "complete"
            self.outages = 0
        except FeedError as error:
            chunk.outcome, chunk.error = "failed", f"Slice {piece}: {error}"
            log.warning(chunk.error)
            self._judge_failure(error)
        await self.lander.hand_over(chunk)

    def _judge_failure(self, error: FeedError) -> None:
        self.outages += isinstance(error, FeedUnavailable)
        if isinstance(error, KeyRefused | WrongAddress) or self.outages >= OUTAGE_AFTER:
            self.report.is_stopped = True

    def _landed(self, batch: Sequence[Chunk]) -> None:
        for chunk in batch:
            self.report.request_count += len(chunk.receipts)
            self.finished += bool(chunk.outcome)
        self._tell_progress()

    def _tell_progress(self) -> None:
        now = time.monotonic()
        if now - self.told < PROGRESS_SECONDS:
            return
        self.told = now
        elapsed, all_slices = now - self.began, len(self.report.due)
        received = self.report.total("received_count")
        left = elapsed / max(self.finished, 1) * (all_slices - self.finished)
        log.info(
            "%s: %d of %d slices, %d activities, %.0f a second, about %.0f s left.",
            self.source.name,
            self.finished,
            all_slices,
            received,
            received / elapsed,
            left,
        )


def _first(group: BaseExceptionGroup) -> BaseException:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
