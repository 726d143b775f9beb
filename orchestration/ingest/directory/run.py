"""Runs all sources of the directory side by side, and stores their walks in batches."""

import asyncio
import logging
import time
from collections.abc import Sequence
from pathlib import Path

import duckdb

from orchestration.api.rate_limit import RequestBudget
from orchestration.config.sources import Bounds, Source
from orchestration.ingest.directory.lists import Api
from orchestration.ingest.directory.reader import DirectoryReader, Walked
from orchestration.ingest.directory.report import DirectoryReport, DirectoryRunReport
from orchestration.ingest.directory.requests import Requests
from orchestration.ingest.event_loop import first_error, run_until_interrupted
from orchestration.ingest.writer import Writer
from orchestration.intervals import aware_utc
from orchestration.landing.directory import land_walks
from orchestration.landing.extract import record_requests
from orchestration.landing.key_usage import USAGE
from orchestration.landing.walk import Walk
from orchestration.warehouse.connection import open_warehouse
from orchestration.warehouse.errors import WarehouseError
from orchestration.warehouse.ledger import check_feed_host

# Opening the file and a transaction take longer than storing a walk: this many walks, or items, go together.
BATCH_WALKS = 200
BATCH_ITEMS = 20_000

_COMPLETE = """
select list_name, parent_id, max(started_at) from raw.directory_walks
where source = ? and status = 'complete' group by list_name, parent_id
"""

log = logging.getLogger(__name__)


def read_directories(
    sources: Sequence[Source], path: Path, *, run_id: str | None = None, bounds: Bounds | None = None
) -> DirectoryRunReport:
    """Read the directory of each source, as far as its key can, and store what changed.

    The caller holds `warehouse.connection.warehouse_lock`. What fails is reported, not raised.

    Raises:
        WarehouseError: the file cannot be used.
    """
    return run_until_interrupted(_Run(sources, path, bounds or Bounds(), run_id).run())


class _Run:
    def __init__(self, sources: Sequence[Source], path: Path, bounds: Bounds, run_id: str | None) -> None:
        self.began = time.monotonic()
        self.bounds = bounds
        self.run_id = run_id
        self.writer = Writer(path, lambda _: None)
        self.budgets: dict[str, RequestBudget] = {}
        self.waiting: list[Walk] = []
        self.reports: list[DirectoryReport] = []
        self.readers: list[DirectoryReader] = []
        with open_warehouse(path) as connection:
            for source in sources:
                self._plan(connection, source)
            self.writer.note_state(connection)

    def _plan(self, connection: duckdb.DuckDBPyConnection, source: Source) -> None:
        if not source.directory:
            self.reports.append(DirectoryReport(source.name, is_left_out=True))
            return
        try:
            check_feed_host(connection, source.name, source.host)
        except WarehouseError as error:
            self.reports.append(DirectoryReport(source.name, error=error))
            return
        limit = self.bounds.backfill_time
        reader = DirectoryReader(
            source,
            _walked(connection, source.name),
            Requests(source, self._budgets_of(source)),
            self._land,
            run_id=self.run_id,
            stop_at=self.began + limit.total_seconds() if limit is not None else None,
        )
        self.readers.append(reader)
        self.reports.append(reader.report)

    def _budgets_of(self, source: Source) -> dict[Api, RequestBudget]:
        """The budget of the feed, shared as the feed's is, and the Admin API's own."""
        return {
            Api.COMPLIANCE: self.budgets.setdefault(
                source.budget_key, RequestBudget(source.requests_per_minute, source.retry.first_wait)
            ),
            Api.ADMIN: RequestBudget(source.admin_requests_per_minute, source.retry.first_wait),
        }

    async def run(self) -> DirectoryRunReport:
        try:
            async with asyncio.TaskGroup() as group:
                for reader in self.readers:
                    group.create_task(reader.run())
        except BaseExceptionGroup as failed:
            # The first failure is what the operator needs; the others followed from it.
            raise first_error(failed) from None
        await self._store()
        for report in self.reports:
            log.info("%s", report.describe())
            for failure in report.failures:
                log.warning("%s", failure)
        return DirectoryRunReport(self.reports, time.monotonic() - self.began)

    async def _land(self, walk: Walk) -> None:
        self.waiting.append(walk)
        if len(self.waiting) >= BATCH_WALKS or sum(len(one.items) for one in self.waiting) >= BATCH_ITEMS:
            await self._store()

    async def _store(self) -> None:
        walks, self.waiting = self.waiting, []
        receipts = []
        for reader in self.readers:
            receipts += [(reader.source.name, None, receipt) for receipt in reader.requests.receipts]
            reader.requests.receipts.clear()

        def store(connection: duckdb.DuckDBPyConnection) -> None:
            # First, because a read that comes back as an activity is ours, even if its walk fails.
            record_requests(connection, receipts)
            land_walks(connection, walks, self.bounds.max_gone_percent)

        if walks or receipts:
            await self.writer.write(store)
        for walk in walks:
            walk.items.clear()


def _walked(connection: duckdb.DuckDBPyConnection, source: str) -> Walked:
    found = connection.execute(_COMPLETE, [source]).fetchall()
    usage_days = [parent_id for name, parent_id, _ in found if name == USAGE]
    return Walked(
        {(name, parent_id): aware_utc(began) for name, parent_id, began in found if name != USAGE},
        max(usage_days, default=None),
    )
