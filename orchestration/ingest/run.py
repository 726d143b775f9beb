"""Runs all sources side by side, with one writer that stores what they read.

Each source has its own client, plan and report; those that share a budget share its requests. What goes wrong
with one does not hold up the others. Nothing waits for the network while the file is open.
"""

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from orchestration.api.rate_limit import RequestBudget
from orchestration.config.sources import Bounds, Source
from orchestration.ingest.covered_days import covered_days
from orchestration.ingest.due import Ledger, Task
from orchestration.ingest.event_loop import first_error, run_until_interrupted
from orchestration.ingest.feed_reader import Reader
from orchestration.ingest.plan import DELAYED_TYPES, plan_lookback
from orchestration.ingest.report import RunReport, SourceReport
from orchestration.ingest.writer import Writer
from orchestration.intervals import Interval
from orchestration.landing.extract import Chunk
from orchestration.warehouse.connection import open_warehouse
from orchestration.warehouse.errors import WarehouseError
from orchestration.warehouse.ledger import (
    check_feed_host,
    close_abandoned,
    coverage,
    stored_hashes,
    unfinished,
    unproven,
)


def refresh(
    source: Source, path: Path, *, run_id: str | None = None, bounds: Bounds | None = None
) -> SourceReport:
    """Read what is due of one source up to its horizon and store it in the warehouse at `path`.

    As `read_all`, but raises what keeps the source from being read at all.

    Raises:
        FeedError: nothing could be read at all.
        WarehouseError: the file cannot be used, or was filled from another feed.
    """
    [report] = read_all([source], path, run_id=run_id, bounds=bounds).reports
    if report.error:
        raise report.error
    return report


def read_all(
    sources: Sequence[Source],
    path: Path,
    *,
    run_id: str | None = None,
    bounds: Bounds | None = None,
    is_reconcile: bool = False,
    within: Interval | None = None,
) -> RunReport:
    """Read and store what is due of each source, or read covered days again in a reconciliation.

    `within`: the days to reconcile, instead of the last ones and older ones in turn; then requests are unlimited.
    The caller holds `warehouse.connection.warehouse_lock`. Failed sources and slices are reported, not raised: the
    others are stored.

    Raises:
        WarehouseError: the file cannot be used.
    """
    bounds = bounds or Bounds()
    task = Task(
        began_at=datetime.now(UTC),
        began=time.monotonic(),
        bounds=bounds,
        older_requests=max(bounds.reconcile_requests // max(len(sources), 1), 1),
        is_reconcile=is_reconcile,
        within=within,
        run_id=run_id,
    )
    return run_until_interrupted(_Run(sources, path, task).run())


class _Run:
    def __init__(self, sources: Sequence[Source], path: Path, task: Task) -> None:
        self.path = path
        self.task = task
        self.writer = Writer(path, self._landed)
        self.budgets: dict[str, RequestBudget] = {}
        self.refused: dict[str, WarehouseError] = {}
        with open_warehouse(path) as connection:
            self.readers = {source.name: self._reader(connection, source) for source in sources}
            # Extracts of sources that are no longer read end too.
            close_abandoned(connection)
            self.writer.note_state(connection)

    async def run(self) -> RunReport:
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self.writer.run())
                async with asyncio.TaskGroup() as readers:
                    for reader in self.readers.values():
                        readers.create_task(self._read(reader))
                self.writer.finish()
        except BaseExceptionGroup as group:
            # The first failure is what the operator needs; the others followed from it.
            raise first_error(group) from None
        # Including what was written last.
        await self.writer.write(lambda _: None)
        return RunReport(
            reports=[reader.report for reader in self.readers.values()],
            seconds=time.monotonic() - self.task.began,
            waited_seconds=sum(budget.waited_seconds for budget in self.budgets.values()),
        )

    async def _read(self, reader: Reader) -> None:
        refused = self.refused.get(reader.source.name)
        await (reader.give_up(refused) if refused else reader.run())

    def _reader(self, connection: duckdb.DuckDBPyConnection, source: Source) -> Reader:
        name = source.name
        report = SourceReport(name, self.task.began_at - source.settle, [])
        report.abandoned_count = close_abandoned(connection, name)
        try:
            check_feed_host(connection, name, source.host)
        except WarehouseError as error:
            self.refused[name] = error
        ledger = self._ledger(connection, source)
        budget = self.budgets.setdefault(
            source.budget_key, RequestBudget(source.requests_per_minute, source.retry.first_wait)
        )
        return Reader(source, ledger, self.task, self.writer, budget, report)

    def _ledger(self, connection: duckdb.DuckDBPyConnection, source: Source) -> Ledger:
        name, is_reconcile = source.name, self.task.is_reconcile
        covered = coverage(connection, name)
        lookback = None if is_reconcile else plan_lookback(covered, source.overlap)
        return Ledger(
            covered,
            list(unproven(connection, name)),
            unfinished(connection, name),
            lookback,
            stored_hashes(connection, name, lookback, DELAYED_TYPES) if lookback else (),
            covered_days(connection, name) if is_reconcile else (),
        )

    def _landed(self, batch: Sequence[Chunk]) -> None:
        by_source: dict[str, list[Chunk]] = {}
        for chunk in batch:
            by_source.setdefault(chunk.extract.source, []).append(chunk)
        for name, chunks in by_source.items():
            self.readers[name].landed(chunks)
