"""Reads one source in one run: extracts what is due in parallel, and hands the records to the writer.

The extracts of a source share one connection pool, one budget and one back-off. Nothing here opens the warehouse.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Sequence

import duckdb

from orchestration.api.endpoint import Params, Receipt
from orchestration.api.errors import FeedError, FeedUnavailable, KeyEchoed, KeyRefused, WrongAddress
from orchestration.api.feed import FeedClient
from orchestration.api.rate_limit import RequestBudget
from orchestration.config.sources import Source
from orchestration.ingest.delayed import look_back
from orchestration.ingest.due import Due, Ledger, Task, find_due
from orchestration.ingest.quiet_days import QuietDays, records_by_day
from orchestration.ingest.report import SourceReport
from orchestration.ingest.slice_reader import frozen_query, read_slice
from orchestration.ingest.writer import Writer
from orchestration.intervals import MINUTE, Interval, Kind, Slice
from orchestration.landing.extract import Chunk, Extract, record_requests
from orchestration.warehouse.ledger import STUCK
from orchestration.warehouse.sources import SourceRecord, record_source

# An extract hands over what it has when it holds this much.
CHUNK_BYTES = 8 * 2**20
# After this many consecutive failed extracts the feed is down, not just one slice.
OUTAGE_AFTER = 3
PROGRESS_SECONDS = 10.0

log = logging.getLogger(__name__)


class Reader:
    """Reads one source for one run; `report` says how it went."""

    def __init__(
        self,
        source: Source,
        ledger: Ledger,
        task: Task,
        writer: Writer,
        budget: RequestBudget,
        report: SourceReport,
    ) -> None:
        self.source = source
        self.ledger = ledger
        self.task = task
        self.writer = writer
        self.budget = budget
        self.report = report
        self.due = Due()
        self.quiet = QuietDays(source.page_size)
        self.receipts: list[Receipt] = []
        self.later_count = 0
        self.later_requests = 0
        self.outages = 0
        self.finished = 0
        self.last_progress_at = task.began

    async def run(self) -> None:
        """Plan, extract and hand over. What goes wrong with this source alone is in the report, not raised."""
        try:
            if self.source.fault:
                raise FeedError(self.source.fault)
            await self._read()
        except FeedError as error:
            await self.give_up(error)
        self.report.left = list(self.due.later) if not self.report.is_stopped else []
        self.report.waited_seconds = self.budget.waited_seconds
        self.report.seconds = time.monotonic() - self.task.began

    async def give_up(self, error: Exception) -> None:
        """Record why nothing of the source can be read."""
        log.warning("%s: %s", self.source.name, error)
        self.report.error = error
        await self.writer.write(self._record)

    async def _read(self) -> None:
        async with FeedClient(
            self.source.url,
            self.source.key,
            requests_per_minute=self.source.requests_per_minute,
            retry=self.source.retry,
            budget=self.budget,
        ) as client:
            self.due = await find_due(
                client, self.source, self.ledger, self.task, self.report, self.receipts.append
            )
            self.report.due = self.due.all()
            if self.ledger.lookback:
                await self._look_back(client, self.ledger.lookback)
            await self.writer.write(self._record)
            async with asyncio.TaskGroup() as readers:
                for _ in range(min(self.source.concurrency, len(self.report.due))):
                    readers.create_task(self._read_some(client))
            if self.receipts:
                await self.writer.write(self._record_receipts)

    def _record_receipts(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Keep the ids of requests that belong to no extract."""
        self.report.request_count += len(self.receipts)
        record_requests(connection, ((self.source.name, None, receipt) for receipt in self.receipts))
        self.receipts.clear()

    def _record(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._record_receipts(connection)
        source, report = self.source, self.report
        has_plan = not report.error and not self.task.is_reconcile
        state = SourceRecord(
            source=source.name,
            feed_host=source.host,
            settle=source.settle,
            overlap=source.overlap,
            run_at=self.task.began_at,
            history_start=report.history_start,
            horizon=report.horizon if has_plan else None,
            error=report.error and str(report.error),
        )
        record_source(connection, state)

    async def _read_some(self, client: FeedClient) -> None:
        while not self.report.is_stopped:
            if self.due.now:
                await self._read_next(client, self.due.now)
            elif self.due.later and not self._is_used_up():
                self.later_count += 1
                await self._read_next(client, self.due.later, is_later=True)
            else:
                return

    def _is_used_up(self) -> bool:
        """Whether slices that may wait have to. One of them is always read, so that every run makes progress."""
        if not self.later_count:
            return False
        if self.task.is_reconcile:
            return self.later_requests >= self.task.older_requests
        limit = self.task.bounds.backfill_time
        return limit is not None and time.monotonic() - self.task.began >= limit.total_seconds()

    async def _read_next(self, client: FeedClient, due: deque[Slice], *, is_later: bool = False) -> None:
        days = self.quiet.take(due)
        if len(days) > 1 and await self._read_at_once(client, days):
            return
        first, *others = days
        due.extendleft(reversed(others))
        await self._read_one(client, first, is_later=is_later)

    def _new_extract(self, time_slice: Slice, query: Params, last_request_id: str | None = None) -> Extract:
        return Extract(
            source=self.source.name,
            time_slice=time_slice,
            query=query,
            feed_host=self.source.host,
            dagster_run_id=self.task.run_id,
            last_request_id=last_request_id,
        )

    async def _read_one(self, client: FeedClient, time_slice: Slice, *, is_later: bool = False) -> None:
        query = frozen_query(time_slice, self.source.page_size)
        one = self._new_extract(time_slice, query)
        self.report.extracts.append(one)
        chunk = Chunk(one)
        received = 0

        def receive(receipt: Receipt) -> None:
            # The receipts of a page's failed attempts arrive with the page: the list is the open chunk's own.
            chunk.receipts.append(receipt)
            self.later_requests += is_later

        try:
            async for page in read_slice(client, query, receive):
                chunk.add(page.data, page.first_id, page.last_id)
                received += len(page.data)
                if chunk.byte_count >= CHUNK_BYTES or (self.writer.is_starting and page.has_more):
                    full, chunk = chunk, Chunk(one)
                    await self.writer.hand_over(full)
            chunk.outcome = "complete"
            self.quiet.learn([time_slice], [received])
            self.outages = 0
        except FeedError as error:
            self._fail(chunk, error, is_stuck=bool(received) and time_slice.end - time_slice.start <= MINUTE)
        await self.writer.hand_over(chunk)

    async def _read_at_once(self, client: FeedClient, days: Sequence[Slice]) -> bool:
        """Read several days with one request. Returns whether it proved them; if not, each is read by itself."""
        within = Interval(days[-1].start, days[0].end)
        query = frozen_query(within, self.source.page_size)
        receipts: list[Receipt] = []
        try:
            page = await client.page(query, receipts.append)
        except FeedError:
            # Reading the first of the days shows why, and whether to continue.
            self.quiet.learn(days[:1], [self.source.page_size])
            self.receipts += receipts
            return False
        is_all = not page.has_more and len(page.data) < self.source.page_size
        by_day, others = records_by_day(page.data if is_all else (), within)
        is_all = is_all and not others
        if not is_all:
            self.quiet.learn(days[:1], [self.source.page_size])
            self.receipts += receipts
            return False
        self.quiet.learn(days, [len(of_day) for of_day in by_day.values()])
        last_request_id = receipts[-1].request_id if receipts else None
        for day in days:
            one = self._new_extract(day, query, last_request_id)
            self.report.extracts.append(one)
            chunk = Chunk(one, receipts=receipts, outcome="complete")
            chunk.add(by_day[Interval(day.start, day.end)], page.first_id, page.last_id)
            receipts = []
            await self.writer.hand_over(chunk)
        return True

    async def _look_back(self, client: FeedClient, within: Interval) -> None:
        """Look for activities that become visible late. A failure costs nothing: later runs look again."""
        receipts: list[Receipt] = []
        try:
            found = await look_back(
                client, within, self.source.page_size, self.ledger.stored_hashes, receipts.append
            )
        except FeedError as error:
            log.warning("%s: looking for what becomes visible late failed: %s", self.source.name, error)
            self.receipts += receipts
            return
        for day, records in found.records.items():
            one = self._new_extract(Slice(Kind.INCREMENTAL, day.start, day.end, late_before=day.end), found.query)
            self.report.found.append(one)
            chunk = Chunk(one, receipts=receipts, outcome="complete")
            chunk.add(records, None, None)
            receipts = []
            await self.writer.hand_over(chunk)
        self.receipts += receipts

    def _fail(self, chunk: Chunk, error: FeedError, *, is_stuck: bool) -> None:
        stuck = f" {STUCK}" if is_stuck else ""
        chunk.outcome, chunk.error = "failed", f"Slice {chunk.extract.time_slice}: {error}{stuck}"
        log.warning(chunk.error)
        self._count_outage(error)

    def _count_outage(self, error: FeedError) -> None:
        self.outages += isinstance(error, FeedUnavailable)
        if isinstance(error, KeyRefused | KeyEchoed | WrongAddress) or self.outages >= OUTAGE_AFTER:
            self.report.is_stopped = True

    def landed(self, batch: Sequence[Chunk]) -> None:
        """These chunks of the source are stored."""
        for chunk in batch:
            self.report.request_count += len(chunk.receipts)
            self.finished += bool(chunk.outcome)
            if chunk.outcome and (outside := chunk.extract.outside_count):
                log.warning(
                    "Slice %s: %d record(s) are of another time; they are stored.",
                    chunk.extract.time_slice,
                    outside,
                )
        now = time.monotonic()
        if now - self.last_progress_at >= PROGRESS_SECONDS:
            self.last_progress_at = now
            self._tell_progress(now - self.task.began)

    def _tell_progress(self, elapsed: float) -> None:
        due, received = len(self.report.due), self.report.total("received_count")
        log.info(
            "%s: %d of %d slices, %d activities, %.0f a second, about %.0f s left.",
            self.source.name,
            self.finished,
            due,
            received,
            received / elapsed,
            elapsed / max(self.finished, 1) * (due - self.finished),
        )
