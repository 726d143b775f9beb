"""The whole pipeline as `make refresh` starts it: stopped politely and rudely, in the extract and in dbt."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from local_feed import LocalFeed
from orchestration.config.settings import ROOT
from tests.end_to_end.conftest import environment_of
from tests.truth import lies, open_extracts, served, stored

ROUNDS = int(os.environ.get("CRASH_PIPELINE_ROUNDS", "1"))
SEED = int(os.environ.get("CRASH_SEED", "1"))
STOPPED = "Stopped. What was stored stays; the next refresh goes on from there."


@pytest.fixture
def feed() -> Iterator[LocalFeed]:
    now = datetime.now(UTC)
    actor = {"type": "user_actor", "user_id": "user_a", "email_address": "a@example.com"}
    records = [
        {
            "id": f"activity_{n}",
            "created_at": (now - timedelta(hours=n + 1)).isoformat(),
            "type": "claude_chat_created",
            "actor": actor,
        }
        for n in range(60)
    ]
    with LocalFeed(records=records) as feed:
        yield feed


class Refresh:
    """`python -m orchestration refresh` in a process group of its own."""

    def __init__(self, feed: LocalFeed, path: Path) -> None:
        self.log = path.with_suffix(".dbt") / "dbt.log"
        self.log.unlink(missing_ok=True)
        environment = environment_of(feed, WAREHOUSE_PATH=str(path), DAGSTER_HOME=str(path.parent / "home"),
                                     PUBLISHED_PATH=str(path.parent / "published"))  # fmt: skip
        self.process = subprocess.Popen(
            [sys.executable, "-m", "orchestration", "refresh"],
            cwd=ROOT,
            env=os.environ | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def wait_for_dbt(self, nodes: int = 1) -> None:
        """Until dbt has begun so many nodes."""
        deadline = time.monotonic() + 600
        while not (self.log.exists() and self.log.read_text().count("START") >= nodes):
            assert self.process.poll() is None, self.process.communicate()[0]
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def end(self) -> tuple[int, str]:
        """Exit status and all output, once it and its children are gone."""
        output, _ = self.process.communicate(timeout=600)
        return self.process.returncode, output


def test_a_refresh_that_is_stopped_anywhere_is_made_good_by_the_next(feed: LocalFeed, prepared: Path):
    path, chance = prepared, random.Random(SEED)

    feed.faults.add("hang", skip=16)
    walking = Refresh(feed, path)
    feed.faults.wait_until_met()
    walking.process.send_signal(signal.SIGTERM)
    status, output = walking.end()
    assert (status, STOPPED in output, "Traceback" in output) == (1, True, False), output

    building = Refresh(feed, path)
    building.wait_for_dbt()
    # As a terminal does it: everything that the refresh started gets the signal, too.
    os.killpg(building.process.pid, signal.SIGINT)
    status, output = building.end()
    assert (status, STOPPED in output, "Traceback" in output) == (1, True, False), output
    assert stored(path) == served(feed)

    for _ in range(ROUNDS):
        dying = Refresh(feed, path)
        dying.wait_for_dbt(chance.randrange(1, 60))
        # Only the parent dies: a dbt that outlives it still writes, and the next run has to wait for it.
        (os.kill if chance.random() < 0.7 else os.killpg)(dying.process.pid, signal.SIGKILL)
        dying.process.wait()

    feed.add(
        {"id": "activity_new", "created_at": datetime.now(UTC).isoformat(), "type": "x", "actor": {"type": "y"}}
    )
    last = Refresh(feed, path)
    status, output = last.end()
    assert status == 0, output
    assert "0 failed" in output
    assert lies(path) == []
    assert open_extracts(path) == 0
    with duckdb.connect(str(path), read_only=True) as connection:
        rows = connection.execute("select activity_id, payload_sha256 from marts.activities").fetchall()
    assert len(rows) == len(feed)
    assert dict(rows) == stored(path) == served(feed)
