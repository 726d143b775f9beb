"""The disk is full, or may not be written; the file is wanted by two: one sentence, and nothing half done."""

import os
import subprocess
import time
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import duckdb
import pytest

from local_feed import LocalFeed
from orchestration.ingest.run import refresh
from orchestration.warehouse.connection import open_warehouse, warehouse_lock
from orchestration.warehouse.errors import WarehouseError
from tests.conftest import source_of
from tests.crashes.test_kills import NOW, size_of
from tests.crashes.victim import Victim
from tests.histories import activity
from tests.truth import lies, missing, open_extracts, served, stored


@pytest.fixture
def feed() -> Iterator[LocalFeed]:
    """About 3 MB that no compression makes small."""
    start = NOW - timedelta(hours=1)
    records = [
        activity(f"activity_{n:03}", start - n * timedelta(minutes=20), noise=os.urandom(8000).hex())
        for n in range(200)
    ]
    with LocalFeed(records=records) as feed:
        yield feed


def require_one_sentence(message: str | None, errors: Path) -> None:
    """One sentence that says what to do; no traceback, no forgotten task."""
    assert message is not None
    assert "disk has room" in message
    assert "\n" not in message
    noise = errors.read_text()
    for word in ("Traceback", "never retrieved", "never awaited", "Exception ignored"):
        assert word not in noise


@pytest.mark.parametrize(
    ("limit", "pending_bytes"), [(400_000, 2**27), (1_700_000, 1)], ids=["queue has room", "queue is full"]
)
def test_a_full_disk_stops_the_run_and_costs_nothing(
    feed: LocalFeed, path: Path, tmp_path: Path, limit: int, pending_bytes: int
):
    errors = tmp_path / "stderr"
    victim = Victim(
        feed.url,
        feed.key,
        path,
        file_limit=limit,
        small_batches=True,
        pending_bytes=pending_bytes,
        stderr=str(errors),
    )
    # Walkers that wait for the writer end with it: a run that hangs would say nothing.
    require_one_sentence(victim.message(30), errors)
    victim.process.join(10)
    assert victim.process.exitcode == 0
    assert lies(path) == []
    assert missing(path, feed) == set()
    report = refresh(source_of(feed), path)
    assert report.is_complete
    assert stored(path) == served(feed)
    assert lies(path) == []
    assert open_extracts(path) == 0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MB, where this machine lets us mount one."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "none", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("mounting a file system needs root and leave to mount")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_small_disk_that_is_really_full(feed: LocalFeed, small_disk: Path, tmp_path: Path):
    path, errors = small_disk / "w.duckdb", tmp_path / "stderr"
    victim = Victim(feed.url, feed.key, path, small_batches=True, stderr=str(errors))
    require_one_sentence(victim.message(30), errors)
    victim.process.join(10)
    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
    assert lies(path) == []
    assert refresh(source_of(feed), path).is_complete
    assert stored(path) == served(feed)


def test_a_disk_that_may_only_be_read_is_reported(feed: LocalFeed, small_disk: Path):
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    path = small_disk / "w.duckdb"
    with pytest.raises(WarehouseError, match=r"Read-only.*WAREHOUSE_PATH"), warehouse_lock(path):
        pass
    with pytest.raises(WarehouseError, match=r"w\.duckdb.*WAREHOUSE_PATH") as raised:
        refresh(source_of(feed), path)
    assert ".new" not in str(raised.value)
    with pytest.raises(WarehouseError, match="WAREHOUSE_PATH"):
        refresh(source_of(feed), small_disk / "deeper" / "w.duckdb")
    assert feed.requests == []


def test_a_warehouse_that_may_only_be_read_is_reported_and_can_be_read(feed: LocalFeed, small_disk: Path):
    path = small_disk / "w.duckdb"
    with open_warehouse(path):
        pass
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(WarehouseError, match="WAREHOUSE_PATH"):
        refresh(source_of(feed), path)
    with open_warehouse(path, read_only=True) as connection:
        assert connection.execute("select count(*) from raw.extracts").fetchall() == [(0,)]


def test_a_path_with_lock_in_its_name_is_not_waited_for(tmp_path: Path):
    path = tmp_path / "block" / "padlock.duckdb"
    path.mkdir(parents=True)
    began = time.monotonic()
    with pytest.raises(WarehouseError, match="WAREHOUSE_PATH"), open_warehouse(path, wait_seconds=20):
        pass
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("damage", [b"", b"\0" * 5000, b"notes"], ids=["emptied", "zeroed", "overwritten"])
def test_a_file_that_was_damaged_is_left_alone_and_reported(path: Path, damage: bytes):
    path.write_bytes(damage)
    with pytest.raises(WarehouseError, match=r"w\w+\.duckdb.*WAREHOUSE_PATH"), open_warehouse(path):
        pass
    assert path.read_bytes() == damage


def test_two_refreshes_at_once_take_turns(feed: LocalFeed, path: Path):
    pair = [Victim(feed.url, feed.key, path, page_size=50) for _ in range(2)]
    assert [one.message() for one in pair] == ["done", "done"]
    assert stored(path) == served(feed)
    assert lies(path) == []
    with duckdb.connect(str(path)) as connection:
        spans = connection.execute(
            # The first reads history, the second goes on from there.
            "select min(started_at), max(finished_at) from raw.extracts group by kind order by 1"
        ).fetchall()
    assert len(spans) == 2
    assert all(earlier[1] <= later[0] for earlier, later in pairwise(spans))


def test_the_second_of_two_fails_with_a_sentence_when_it_must_wait_too_long(feed: LocalFeed, path: Path):
    feed.faults.add("hang", skip=2)
    first = Victim(feed.url, feed.key, path)
    feed.faults.wait_until_met()
    second = Victim(feed.url, feed.key, path, wait_seconds=0.2)
    assert "Another run is writing to" in (second.message() or "")
    assert first.kill()
    assert Victim(feed.url, feed.key, path, wait_seconds=0.2).message() == "done"
    assert size_of(path) > 0
    assert stored(path) == served(feed)
