"""A refresh in a process of its own, made to be killed. Forked from a server that has the imports done."""

from __future__ import annotations

import functools
import multiprocessing
import os
import resource
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import duckdb
from pydantic import SecretStr

from orchestration.config.sources import Source
from orchestration.ingest import feed_reader, run, writer
from orchestration.landing.batch import Batch
from orchestration.landing.land import store
from orchestration.warehouse.connection import exclusive
from orchestration.warehouse.errors import WarehouseError

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["tests.crashes.victim"])


def refresh(says: Connection, url: str, key: str, path: str, options: dict[str, Any]) -> None:
    """One refresh under the pipeline's lock; tells `started`, then `done` or the sentence of the failure.

    Options: `page_size`, `small_batches` (every page is landed by itself), `file_limit` (bytes that a file may
    grow to), `stderr` (a file), `wait_seconds` (for the lock), `slow` (tells `storing` before it stores a batch,
    and takes so many seconds longer).
    """
    if options.get("stderr"):
        os.dup2(os.open(options["stderr"], os.O_WRONLY | os.O_CREAT), sys.stderr.fileno())
    if options.get("small_batches"):
        feed_reader.CHUNK_BYTES = writer.BATCH_BYTES = 1
        writer.PENDING_BYTES = options.get("pending_bytes", writer.PENDING_BYTES)
    if options.get("file_limit"):
        resource.setrlimit(resource.RLIMIT_FSIZE, (options["file_limit"], resource.RLIM_INFINITY))
    if options.get("slow"):
        writer.store = functools.partial(_store_slowly, says, options["slow"])
    source = Source(
        "test", url, SecretStr(key), settle=timedelta(0), page_size=options.get("page_size", 5),
        requests_per_minute=1_000_000,
    )  # fmt: skip
    says.send("started")
    try:
        with exclusive(Path(path), wait_seconds=options.get("wait_seconds", 60.0)):
            report = run.refresh(source, Path(path))
        says.send("done" if report.is_complete else report.describe_failures())
    except WarehouseError as error:
        says.send(str(error))


def _store_slowly(says: Connection, seconds: float, connection: duckdb.DuckDBPyConnection, batch: Batch) -> None:
    says.send("storing")
    time.sleep(seconds)
    store(connection, batch)


class Victim:
    """A running refresh."""

    def __init__(
        self, url: str, key: str, path: Path, target: Callable[..., None] = refresh, **options: Any
    ) -> None:
        self._hears, says = _FORKS.Pipe(duplex=False)
        self.process = _FORKS.Process(target=target, args=(says, url, key, str(path), options))
        self.process.start()
        says.close()
        assert self.hear() == "started"

    def hear(self, patience: float = 60.0) -> str | None:
        """The next thing it says; None when it ends without a word."""
        if not self._hears.poll(patience):
            raise TimeoutError("the refresh says nothing")
        try:
            return self._hears.recv()
        except EOFError:
            return None

    def kill(self) -> bool:
        """Kill it as the kernel does; whether it was still at work."""
        self.process.kill()
        self.process.join()
        self._hears.close()
        return self.process.exitcode == -9
