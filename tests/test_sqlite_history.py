"""Dagster's history is written without a sync for each event, and is there for the next process."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest
import sqlalchemy as sa

from orchestration.sqlite_history import write_history_quickly

FULL, NORMAL = 2, 1


@pytest.mark.parametrize(("mode", "expected"), [("wal", NORMAL), ("delete", FULL)])
def test_only_a_file_with_a_write_ahead_log_is_synced_less(tmp_path: Path, mode: str, expected: int):
    path = tmp_path / "history.db"
    with sqlite3.connect(path) as connection:
        connection.execute(f"pragma journal_mode = {mode}")
    write_history_quickly()
    write_history_quickly()
    with sa.create_engine(f"sqlite:///{path}").connect() as connection:
        assert connection.execute(sa.text("pragma synchronous")).scalar_one() == expected


def test_many_files_are_written_and_closed(tmp_path: Path):
    write_history_quickly()
    for number in range(20):
        path = tmp_path / f"{number}.db"
        with sqlite3.connect(path) as connection:
            connection.execute("pragma journal_mode = wal")
        for _ in range(2):
            engine = sa.create_engine(f"sqlite:///{path}", poolclass=sa.NullPool)
            with engine.begin() as connection:
                connection.execute(sa.text("create table if not exists t (a)"))
                connection.execute(sa.text("insert into t values (1)"))
    # Those of the first files were closed, and took their logs with them.
    assert not (tmp_path / "0.db-wal").exists()
    with sqlite3.connect(tmp_path / "0.db") as connection:
        assert connection.execute("select count(*) from t").fetchall() == [(2,)]


RUN = """
import dagster as dg
import orchestration.definitions

@dg.asset
def one(context):
    context.log.info("stored")

with dg.DagsterInstance.get() as instance:
    print(dg.materialize([one], instance=instance).run_id)
"""


def test_another_process_reads_what_a_run_stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    done = subprocess.run([sys.executable, "-c", RUN], capture_output=True, text=True, check=True)
    assert list(tmp_path.rglob("*.db-wal")) == []
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        messages = [event.user_message for event in instance.all_logs(done.stdout.strip())]
        assert "stored" in messages
        assert instance.get_latest_materialization_event(dg.AssetKey("one")) is not None
