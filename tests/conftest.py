"""Fixtures that build the real thing small: a local feed over HTTP, a source that reads it, a warehouse file."""

import atexit
import gc
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from pydantic import SecretStr

from local_feed import LocalFeed
from orchestration.api.client import RetryPolicy
from orchestration.config.sources import Source
from orchestration.warehouse.connection import open_warehouse
from tests.postgres import ask, server, url
from tests.rows import rows

__all__ = ["ask", "server", "url"]

QUICK_RETRIES = RetryPolicy(
    attempts=4, connect_attempts=2, first_wait=0.01, read_timeout=20.0, request_timeout=40.0
)

# At the interpreter's exit DuckDB's binding reports objects of its own as leaked. By then all else has been said.
atexit.register(lambda: os.dup2(os.open(os.devnull, os.O_WRONLY), 2))

# The tests flush files to the disk tens of thousands of times, and wait for it; in memory they do not.
MEMORY, ROOM = Path("/dev/shm"), 4 * 2**30
HAS_ROOM = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM
if HAS_ROOM and "TMPDIR" not in os.environ and not os.statvfs(MEMORY).f_flag & os.ST_NOEXEC:
    os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)

# Each full collection walks dbt's manifest and Dagster's definitions, and finds little: rarer ones save a tenth.
gc.set_threshold(50_000, 20, 100)


def pytest_collection_finish() -> None:
    """No later collection looks at what the imports made."""
    gc.collect()
    gc.freeze()


# Started in the background, a shell has this process and all its children ignore Ctrl-C, which some tests press.
signal.signal(signal.SIGINT, signal.default_int_handler)

Query = Callable[..., list[tuple[Any, ...]]]


def source_of(feed: LocalFeed, **changes: Any) -> Source:
    """A source that reads the local feed with quick retries."""
    source = Source(
        name="test",
        url=feed.url,
        key=SecretStr(feed.key),
        settle=timedelta(0),
        requests_per_minute=1_000_000,
        retry=QUICK_RETRIES,
    )
    return replace(source, **changes)


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty warehouse, to be copied under its own name."""
    path = tmp_path_factory.mktemp("empty") / "warehouse.duckdb"
    with open_warehouse(path):
        return path


@pytest.fixture
def path(empty: Path, tmp_path: Path) -> Path:
    """The warehouse of the test, empty: to make one takes three times as long as to open it."""
    return shutil.copyfile(empty, tmp_path / "warehouse.duckdb")


@pytest.fixture(scope="session")
def curated(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """An empty warehouse with every curated table, to be copied under its own name: one for all workers."""
    from tests.dbt_project.builds import make_curated

    directory = tmp_path_factory.getbasetemp()
    directory = directory if worker_id == "master" else directory.parent
    with FileLock(directory / "curated.lock"):
        if not (directory / "curated").exists():
            draft = directory / "curated.draft"
            draft.mkdir()
            make_curated(draft / "warehouse.duckdb")
            draft.rename(directory / "curated")
    return directory / "curated" / "warehouse.duckdb"


@pytest.fixture
def prepared(curated: Path, path: Path) -> Path:
    """The warehouse of the test, empty and with every curated table: it need not be built from nothing."""
    return shutil.copyfile(curated, path)


@pytest.fixture
def query(path: Path) -> Query:
    """Rows of a query on the test's warehouse."""

    return partial(rows, path)


@pytest.fixture(scope="session")
def history(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalFeed]:
    """A made-up history of 3,000 activities with all types and stories."""
    cache = tmp_path_factory.mktemp("cache")
    with LocalFeed(size=3000, seed=11, cache=cache, own_reads=True) as feed:
        yield feed


@pytest.fixture(scope="session")
def alerted() -> Iterator[Any]:
    """The receiver of the alerts of `built`."""
    from tests.deliver.conftest import Inbox

    inbox = Inbox()
    yield inbox
    inbox.close()


@pytest.fixture(scope="session")
def built(history: LocalFeed, alerted: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """The warehouse after one refresh of the real definitions, and the run."""
    from tests.end_to_end.conftest import PSEUDONYM_KEY, environment_of, run

    path = tmp_path_factory.mktemp("warehouse") / "warehouse.duckdb"
    return path, run("refresh", path, environment_of(history, PSEUDONYM_KEY=PSEUDONYM_KEY, ALERT_URLS=alerted.url))


@pytest.fixture
def copy(built: tuple[Path, Any], tmp_path: Path) -> Path:
    """A copy of the built warehouse, which tests may modify."""
    return shutil.copyfile(built[0], tmp_path / "copy.duckdb")


@pytest.fixture
def warehouse(sealed: Path, path: Path) -> Path:
    """A copy of the room's `sealed` warehouse and of the file of its seals."""
    shutil.copyfile(sealed.with_name("seals.txt"), path.with_name("seals.txt"))
    return shutil.copyfile(sealed, path)


# Fixtures that build a warehouse for many tests, in the order in which they are begun. `built` comes first, for it
# needs no `curated`: of two that do, one would have to wait until the other worker has made it.
SHARED = ("built", "cases", "walked", "listed_keys", "hostile", "networks", "access", "objects", "settings")
# Tests that take half a minute each. Begun last, one would keep a worker busy while the other has nothing left.
LONG = ("tests/end_to_end/", "tests/crashes/test_pipeline.py", "tests/dbt_project/test_increments.py")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    """Tests that share a warehouse go to one worker, which builds it once; long tests come first.

    Around all other hooks: xdist reads the marker in one of its own, and the order is drawn in another.
    """
    for item in items:
        for shared in set(SHARED).intersection(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.xdist_group(shared))
    yield
    items.sort(key=begin_of)


def begin_of(item: pytest.Item) -> tuple[int, bool]:
    """Where in the suite a test is begun: with what it shares, else after all of these, long ones first."""
    group = item.get_closest_marker("xdist_group")
    order = {name: place for place, name in enumerate(SHARED)}
    place = order.get(group.args[0], len(SHARED)) if group else len(SHARED) + 1
    return place, not item.nodeid.startswith(LONG)
