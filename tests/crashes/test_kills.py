"""kill -9 anywhere: after the next run every record is there once, and the ledger was true all the time.

`CRASH_ROUNDS` (default 10) is the number of kills that have to be survived; `CRASH_SEED` chooses them.
"""

import os
import random
import shutil
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from local_feed import LocalFeed
from orchestration.ingest.run import refresh
from orchestration.warehouse.connection import open_warehouse, warehouse_lock
from orchestration.warehouse.schema import STATEMENTS
from tests.conftest import source_of
from tests.crashes.victim import Victim
from tests.histories import activity
from tests.truth import lies, missing, open_extracts, served, stored

ROUNDS = int(os.environ.get("CRASH_ROUNDS", "10"))
SEED = int(os.environ.get("CRASH_SEED", "1"))
NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
def feed() -> Iterator[LocalFeed]:
    start = NOW - timedelta(hours=1)
    records = [
        activity(f"activity_{n:03}", start - n * timedelta(minutes=40), text="words " * (n % 7) * 100)
        for n in range(90)
    ]
    with LocalFeed(records=records) as feed:
        yield feed


def wal_of(path: Path) -> Path:
    return path.with_name(path.name + ".wal")


def size_of(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0


def moment(chance: random.Random, feed: LocalFeed) -> dict[str, tuple[str, int]]:
    """Where the next run is to stop: at a request, or before or after it stores a batch."""
    feed.faults.clear()
    point = chance.choice(["asking", "storing", "stored"])
    if point == "asking":
        feed.faults.add("hold", skip=chance.randrange(45))
        return {}
    return {"stops": (point, chance.randrange(1, 15))}


def test_kills_lose_nothing_duplicate_nothing_and_leave_the_ledger_true(
    feed: LocalFeed, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    chance = random.Random(SEED)
    killed = finished = warehouses = left_open = with_wal = checked = 0
    path = tmp_path / "0.duckdb"
    while killed < ROUNDS:
        # The first kill meets days that are stored in part, or all of this would prove little.
        page_size, stop = (
            (chance.choice([3, 7, 50]), moment(chance, feed)) if killed else (3, {"stops": ("stored", 9)})
        )
        victim = Victim(feed.url, feed.key, path, page_size=page_size, small_batches=True, **stop)
        if not victim.ends_before(feed):
            assert victim.kill()
            feed.faults.clear()
            feed.faults.release()
            killed += 1
            with_wal += wal_of(path).exists()
            if path.exists():
                assert lies(path) == []
                assert missing(path, feed) == set()
                left_open += open_extracts(path) > 0
        else:
            finished += 1
        feed.faults.clear()
        if victim.process.exitcode == 0 or chance.random() < 0.15 or killed == ROUNDS:
            began = datetime.now(UTC).replace(tzinfo=None)
            assert refresh(source_of(feed), path).is_complete
            assert stored(path) == served(feed)
            assert lies(path) == []
            assert open_extracts(path) == 0
            with open_warehouse(path) as connection:
                still = "select count(*) from raw.extracts where finished_at is null and started_at < ?"
                assert connection.execute(still, [began]).fetchall() == [(0,)]
            warehouses += 1
            checked += len(feed)
            path = tmp_path / f"{warehouses}.duckdb"
    assert left_open > 0
    figures = (
        f"{killed} kills survived ({left_open} left extracts open, {with_wal} a log to replay), {finished} runs "
        f"ended before; {warehouses} warehouses, {checked} records checked, lost 0, doubled 0"
    )
    if "CRASH_ROUNDS" in os.environ:
        with capsys.disabled():
            print(f"\n{figures}")


def kill_with_a_log(feed: LocalFeed, tmp_path: Path) -> Path:
    """A warehouse whose writer died between a commit and the checkpoint that follows."""
    path = tmp_path / "log.duckdb"
    victim = Victim(feed.url, feed.key, path, stops=("stored", 2))
    assert not victim.ends_before(feed)
    assert victim.kill()
    assert size_of(wal_of(path)) > 0
    return path


def test_a_log_that_breaks_off_anywhere_opens_as_a_true_warehouse(feed: LocalFeed, tmp_path: Path):
    """A power cut can leave a part of what was not yet flushed: whatever is left of it has to be the truth."""
    chance = random.Random(SEED)
    path = kill_with_a_log(feed, tmp_path)
    size = wal_of(path).stat().st_size
    for number, length in enumerate([0, 1, size, *(chance.randrange(size) for _ in range(max(5, ROUNDS // 3)))]):
        copy = tmp_path / f"copy{number}.duckdb"
        shutil.copy(path, copy)
        wal_of(copy).write_bytes(wal_of(path).read_bytes()[:length])
        assert lies(copy) == []
        assert missing(copy, feed) == set()
    assert refresh(source_of(feed), copy).is_complete
    assert stored(copy) == served(feed)
    assert lies(copy) == []


@pytest.mark.parametrize("point", ["create_schema", "os.link", "sync"])
def test_a_process_that_dies_while_it_makes_the_file_leaves_one_that_opens_or_none(tmp_path: Path, point: str):
    path = tmp_path / "warehouse.duckdb"
    child = os.fork()
    if child == 0:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(f"orchestration.warehouse.connection.{point}", lambda *_: os._exit(9))
            with open_warehouse(path):
                os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    with open_warehouse(path) as connection:
        assert connection.execute("select count(*) from raw.schema_version").fetchall() == [(1,)]
    assert not list(path.parent.glob("*.new*"))


@pytest.mark.parametrize("done", range(1, len(STATEMENTS)))
def test_a_schema_that_was_made_by_half_is_completed(path: Path, done: int):
    import duckdb

    with duckdb.connect(str(path)) as connection:
        for statement in STATEMENTS[:done]:
            connection.execute(statement)
    with open_warehouse(path) as connection:
        assert connection.execute("select count(*) from raw.schema_version").fetchall() == [(1,)]


def test_an_interrupt_while_a_batch_is_stored_lets_it_be_stored(feed: LocalFeed, tmp_path: Path):
    """The thread that stores is not the one that is interrupted; the process waits for it."""
    for number in range(1, 4):
        path, errors = tmp_path / f"{number}.duckdb", tmp_path / f"{number}.txt"
        victim = Victim(
            feed.url,
            feed.key,
            path,
            page_size=3,
            small_batches=True,
            stderr=str(errors),
            stops=("storing", number),
        )
        assert victim.message() == "storing"
        os.kill(victim.process.pid, signal.SIGINT)
        victim.go_on()
        while victim.message() == "storing":
            victim.go_on()
        victim.process.join(20)
        assert victim.process.exitcode is not None
        # Closed by the thread itself: nothing is left to replay.
        assert not wal_of(path).exists()
        assert "never retrieved" not in errors.read_text()
        assert len(stored(path)) < len(served(feed))
        assert lies(path) == []
        assert missing(path, feed) == set()
    assert refresh(source_of(feed), path).is_complete
    assert stored(path) == served(feed)


def test_the_lock_of_a_dead_run_holds_nobody_up(feed: LocalFeed, path: Path):
    feed.faults.add("hang", skip=3)
    victim = Victim(feed.url, feed.key, path)
    feed.faults.wait_until_met()
    assert path.with_name(path.name + ".lock").exists()
    assert victim.kill()
    with warehouse_lock(path, wait_seconds=0.5):
        assert refresh(source_of(feed), path).is_complete
    assert stored(path) == served(feed)
