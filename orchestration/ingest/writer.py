"""Writes fetched records to DuckDB in batches while extraction continues: one writer for all extracts.

Chunks wait in a bounded queue and are landed in large batches, each in one transaction: one batch is prepared, in
memory, while the one before it is stored, each in a thread. The file is open only while a batch is stored; nothing
waits for the network meanwhile.
"""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

import duckdb

from orchestration.landing.batch import Batch, prepare
from orchestration.landing.extract import Chunk
from orchestration.landing.land import ROW_GROUP, VECTOR, store
from orchestration.warehouse.connection import open_warehouse
from orchestration.warehouse.engine import in_memory
from orchestration.warehouse.errors import REPLACED, WarehouseError
from orchestration.warehouse.ledger import ledger_state

# A batch is landed when it fills a row group of the database, holds this much, or is this old.
BATCH_ROWS = ROW_GROUP
BATCH_BYTES = 96 * 2**20
BATCH_SECONDS = 5.0
# Records so large that they would not fill a row group within `BATCH_BYTES` gain nothing from waiting for it, and
# cost the engine several times their size in memory: they are stored in smaller batches and smaller row groups.
LARGE_RECORDS_BYTES = 32 * 2**20
# The first batch of a run is of one request, each further one of twice as many, until they are of this many: a run
# that is killed early has stored about half of what it asked for.
FIRST_BATCHES_REQUESTS = 32
# Bytes that may be in the writer at once, including the batches that are being prepared and stored.
PENDING_BYTES = 128 * 2**20


class Writer:
    """Lands the chunks given to `hand_over` in the warehouse at `path` while `run` runs.

    `stored` is called with each batch after it has been stored. `first_batch_requests`: how many requests fill the
    first batch; None lets every batch grow to full size.
    """

    def __init__(
        self, path: Path, stored: Callable[[Sequence[Chunk]], None], *, first_batch_requests: int | None = 1
    ) -> None:
        self._path = path
        self._stored = stored
        self._queue: asyncio.Queue[Chunk | None] = asyncio.Queue()
        # The rest of the chunk that filled the last batch.
        self._left: Chunk | None = None
        # Readers wait here when they are faster than the writer: memory stays bounded whatever the backlog.
        self._space = asyncio.Condition()
        self._pending_bytes = 0
        self._pending_requests = 0
        # Requests that fill a batch while the run is young; None afterwards.
        self._batch_requests = first_batch_requests
        # The state in which the file was left; None before this run wrote to it.
        self._state: tuple[int, ...] | None = None
        # Held by the task that has the file open.
        self._lock = asyncio.Lock()

    @property
    def is_starting(self) -> bool:
        """Whether the run is young, so that each page is handed over by itself."""
        return self._batch_requests is not None

    async def hand_over(self, chunk: Chunk) -> None:
        """Take a chunk; wait while too much is waiting."""
        async with self._space:
            await self._space.wait_for(self._has_space)
            self._pending_bytes += chunk.byte_count
            self._pending_requests += len(chunk.receipts)
        self._queue.put_nowait(chunk)

    def _has_space(self) -> bool:
        if self._batch_requests is not None and self._pending_requests >= self._batch_requests:
            return False
        return self._pending_bytes < PENDING_BYTES

    async def write(
        self, action: Callable[[duckdb.DuckDBPyConnection], None], row_group: int | None = None
    ) -> None:
        """Let the action store something other than records, between two batches.

        Raises:
            WarehouseError: the file cannot be used, or is not the one that this run wrote to.
        """
        async with self._lock:
            await asyncio.to_thread(self._write, action, row_group)

    def note_state(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Remember the file, so that no other is created or used instead."""
        self._state = ledger_state(connection)

    def finish(self) -> None:
        """No more chunks will come: `run` ends when it has stored what is waiting."""
        self._queue.put_nowait(None)

    async def run(self) -> None:
        """Land batch after batch until `finish` was called.

        Raises:
            ExceptionGroup: of a WarehouseError: the file cannot be used.
        """
        is_done = False
        previous: asyncio.Task[None] | None = None
        async with asyncio.TaskGroup() as storing:
            while not is_done:
                chunks, is_done = await self._next_batch()
                if chunks:
                    batch = await asyncio.to_thread(self._prepare, chunks)
                    if previous:
                        await previous
                    size = sum(chunk.byte_count for chunk in chunks)
                    requests = sum(len(chunk.receipts) for chunk in chunks)
                    previous = storing.create_task(self._store(batch, size, requests))

    async def _store(self, batch: Batch, size: int, requests: int) -> None:
        """Store the batch: `size` bytes of records from this many requests."""
        await self.write(lambda connection: store(connection, batch), _row_group(batch, size))
        self._stored(batch.chunks)
        async with self._space:
            self._pending_bytes -= size
            self._pending_requests -= requests
            if self._batch_requests is not None:
                self._batch_requests = (
                    self._batch_requests * 2 if self._batch_requests < FIRST_BATCHES_REQUESTS else None
                )
            self._space.notify_all()

    async def _next_batch(self) -> tuple[list[Chunk], bool]:
        """Collect chunks until the batch is full or old enough. Returns them, and whether they were the last."""
        batch: list[Chunk] = []
        rows = size = requests = 0
        deadline: float | None = None
        while not _is_full(rows, size) and (self._batch_requests is None or requests < self._batch_requests):
            try:
                chunk = await self._next_chunk(deadline)
            except TimeoutError:
                break
            if chunk is None:
                return batch, True
            if len(chunk.records) > BATCH_ROWS - rows:
                chunk, self._left = chunk.split(BATCH_ROWS - rows)
            batch.append(chunk)
            rows += len(chunk.records)
            size += chunk.byte_count
            requests += len(chunk.receipts)
            deadline = deadline or asyncio.get_running_loop().time() + BATCH_SECONDS
        return batch, False

    def _write(self, action: Callable[[duckdb.DuckDBPyConnection], None], row_group: int | None) -> None:
        is_known = self._state is not None
        with open_warehouse(self._path, row_group=row_group, is_known=is_known) as connection:
            if is_known and ledger_state(connection) != self._state:
                raise WarehouseError(REPLACED)
            action(connection)
            self._state = ledger_state(connection)

    async def _next_chunk(self, deadline: float | None) -> Chunk | None:
        if self._left:
            chunk, self._left = self._left, None
            return chunk
        async with asyncio.timeout_at(deadline):
            return await self._queue.get()

    def _prepare(self, chunks: list[Chunk]) -> Batch:
        # The other core belongs to the batch that is being stored, which takes longest.
        with in_memory(threads=1) as connection:
            return prepare(connection, chunks)


def _is_full(rows: int, size: int) -> bool:
    if rows >= BATCH_ROWS or size >= BATCH_BYTES:
        return True
    return size >= LARGE_RECORDS_BYTES and _are_large(rows, size)


def _are_large(rows: int, size: int) -> bool:
    return size * BATCH_ROWS > rows * BATCH_BYTES


def _row_group(batch: Batch, size: int) -> int | None:
    """How many large records make about `LARGE_RECORDS_BYTES`, in whole vectors of the engine."""
    rows = len(batch.records or ())
    if not rows or not _are_large(rows, size):
        return None
    return max(LARGE_RECORDS_BYTES * rows // size // VECTOR, 1) * VECTOR
