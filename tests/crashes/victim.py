"""A refresh in a process of its own, made to be killed. Forked from a server that has the imports done."""

import functools
import itertools
import multiprocessing
import os
import resource
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

import duckdb
from pydantic import SecretStr

from local_feed import LocalFeed
from orchestration.config.sources import Source
from orchestration.ingest import feed_reader, run, writer
from orchestration.ingest.directory import run as directory_run
from orchestration.landing.batch import Batch
from orchestration.landing.directory import land_walks
from orchestration.landing.land import store
from orchestration.warehouse.connection import warehouse_lock
from orchestration.warehouse.errors import WarehouseError

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["tests.crashes.victim"])


def refresh(pipe: Connection, url: str, key: str, path: str, options: dict[str, Any]) -> None:
    """One refresh under the pipeline's lock; prints `started`, then `done` or the sentence of the failure.

    Options: `page_size`, `small_batches` (every page is landed by itself), `file_limit` (bytes that a file may
    grow to), `stderr` (a file), `wait_seconds` (for the lock), `stops` (`storing` or `stored`, and from which
    batch on: it sends that word before or after the batch, and waits for `Victim.go_on`).
    """
    if options.get("stderr"):
        os.dup2(os.open(options["stderr"], os.O_WRONLY | os.O_CREAT), sys.stderr.fileno())
    if options.get("small_batches"):
        feed_reader.CHUNK_BYTES = writer.BATCH_BYTES = 1
        writer.PENDING_BYTES = options.get("pending_bytes", writer.PENDING_BYTES)
    if options.get("file_limit"):
        resource.setrlimit(resource.RLIMIT_FSIZE, (options["file_limit"], resource.RLIM_INFINITY))
    if options.get("stops"):
        writer.store = functools.partial(_store, pipe, *options["stops"], itertools.count(1))
    source = Source(
        "test", url, SecretStr(key), settle=timedelta(0), page_size=options.get("page_size", 5),
        requests_per_minute=1_000_000, start=options.get("start"), concurrency=options.get("concurrency", 4),
    )  # fmt: skip
    pipe.send("started")
    try:
        with warehouse_lock(Path(path), wait_seconds=options.get("wait_seconds", 60.0)):
            report = run.refresh(source, Path(path))
        pipe.send("done" if report.is_complete else report.describe_failures())
    except WarehouseError as error:
        pipe.send(str(error))


def _store(
    pipe: Connection,
    point: str,
    first: int,
    numbers: Iterator[int],
    connection: duckdb.DuckDBPyConnection,
    batch: Batch,
) -> None:
    is_stop = next(numbers) >= first
    if is_stop and point == "storing":
        pipe.send(point)
        pipe.recv()
    store(connection, batch)
    if is_stop and point == "stored":
        pipe.send(point)
        pipe.recv()


def walk_directory(pipe: Connection, url: str, key: str, path: str, options: dict[str, Any]) -> None:
    """One reading of the directory; each walk is landed by itself.

    `stops` (`storing` or `stored`, and from which walk on): it sends that word before or after the walk.
    """
    directory_run.BATCH_WALKS = 1
    if options.get("stops"):
        directory_run.land_walks = functools.partial(_land_walks, pipe, *options["stops"], itertools.count(1))
    source = Source(
        "test", url, SecretStr(key), requests_per_minute=1_000_000, admin_requests_per_minute=1_000_000
    )
    pipe.send("started")
    with warehouse_lock(Path(path)):
        report = directory_run.read_directories([source], Path(path))
    pipe.send("done" if not report.failures else str(report.failures))


def _land_walks(pipe: Connection, point: str, first: int, numbers: Iterator[int], *arguments: Any) -> None:
    is_stop = next(numbers) >= first
    if is_stop and point == "storing":
        pipe.send(point)
        pipe.recv()
    land_walks(*arguments)
    if is_stop and point == "stored":
        pipe.send(point)
        pipe.recv()


class Victim:
    """A running refresh, or another target."""

    def __init__(
        self, url: str, key: str, path: Path, target: Callable[..., None] = refresh, **options: Any
    ) -> None:
        self._pipe, theirs = _FORKS.Pipe()
        self.process = _FORKS.Process(target=target, args=(theirs, url, key, str(path), options))
        self.process.start()
        theirs.close()
        assert self.message() == "started"

    def message(self, patience: float = 60.0) -> str | None:
        """The next message; None if it ends without one."""
        if not self._pipe.poll(patience):
            raise TimeoutError("no message from the refresh")
        try:
            return self._pipe.recv()
        except EOFError:
            return None

    def ends_before(self, feed: LocalFeed) -> bool:
        """Wait until it ends, stops, or has met the feed's faults. Returns whether it ended."""
        watch, met = _FORKS.Pipe(duplex=False)
        feed.faults.on_met(lambda: met.send(None))
        # Its last message comes before its end.
        ready = wait([self._pipe, watch], 60.0)
        if self._pipe in ready and self.message() not in ("storing", "stored"):
            self.process.join()
            return True
        assert ready, "the refresh neither ends nor stops"
        return False

    def go_on(self) -> None:
        """Let it go on from where it stopped."""
        self._pipe.send(None)

    def kill(self) -> bool:
        """SIGKILL. Returns whether it was still at work."""
        self.process.kill()
        self.process.join()
        self._pipe.close()
        return self.process.exitcode == -9
