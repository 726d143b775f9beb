"""`dagster.yaml` is copied into a home without one, and an edited copy is never overwritten."""

import fcntl
import os
from pathlib import Path

import dagster as dg
import pytest

from orchestration.config.settings import ROOT
from orchestration.dagster_home import open_instance, prepare_home
from orchestration.permissions import keep_private

OURS = (ROOT / "dagster.yaml").read_text()
# The file that 0.3.1 shipped.
BEFORE = """\
# The instance; `make` puts a copy into DAGSTER_HOME.
telemetry:
  enabled: false

# DuckDB has one writer: one run at a time, whatever is clicked or scheduled.
concurrency:
  runs:
    max_concurrent_runs: 1

python_logs:
  managed_python_loggers: [orchestration]
  python_log_level: INFO

# What a step prints is in dbt's log. Capturing it would start two processes for each step, and Ctrl-C would \
end them
# with tracebacks.
compute_logs:
  module: dagster._core.storage.noop_compute_log_manager
  class: NoOpComputeLogManager
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_a_home_without_a_configuration_gets_the_shipped_one(home: Path):
    assert prepare_home() == ""
    assert (home / "dagster.yaml").read_text() == OURS
    with dg.DagsterInstance.from_config(str(home)) as instance:
        assert instance.run_monitoring_enabled
        assert instance.run_monitoring_max_runtime_seconds >= 12 * 3600
        assert not instance.telemetry_enabled
        assert not instance.nux_enabled
        assert instance.get_concurrency_config().run_queue_config.max_concurrent_runs == 1


def test_an_edited_configuration_is_kept_with_a_warning(home: Path):
    home.mkdir()
    (home / "dagster.yaml").write_text(OURS + "retention:\n  schedule:\n    purge_after_days: 30\n")
    before = (home / "dagster.yaml").read_bytes()
    for _ in range(2):
        assert prepare_home() == (
            f"{home / 'dagster.yaml'} differs from {ROOT / 'dagster.yaml'}, and is used as it is. "
            "Compare the two after an upgrade."
        )
    assert (home / "dagster.yaml").read_bytes() == before


def test_an_unedited_configuration_is_upgraded(home: Path):
    home.mkdir()
    (home / "dagster.yaml").write_text(BEFORE)
    assert prepare_home() == ""
    assert (home / "dagster.yaml").read_text() == OURS


def test_a_relative_home_is_relative_to_the_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DAGSTER_HOME", os.path.relpath(tmp_path / "here", ROOT))
    monkeypatch.chdir(tmp_path)
    prepare_home()
    assert os.environ["DAGSTER_HOME"] == str(tmp_path / "here")
    assert (tmp_path / "here" / "dagster.yaml").exists()


def test_a_home_that_a_daemon_fills_is_closed_to_others(home: Path):
    """The code server closes the home whatever umask the daemon was started with."""
    home.mkdir()
    (home / "dagster.yaml").write_text(OURS)
    home.chmod(0o755)
    before = os.umask(0o022)
    try:
        keep_private()
    finally:
        os.umask(before)
    assert home.stat().st_mode & 0o777 == 0o700


def test_the_storage_is_created_by_one_process_at_a_time(home: Path, monkeypatch: pytest.MonkeyPatch):
    """A daemon and a web server that systemd starts together left one that no process could open again."""
    prepare_home()
    create, was_locked = dg.DagsterInstance.get, []

    def watched() -> dg.DagsterInstance:
        with (home / "storage.lock").open() as other:
            try:
                fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                was_locked.append(True)
        return create()

    monkeypatch.setattr(dg.DagsterInstance, "get", watched)
    with open_instance() as instance:
        assert instance.get_runs_count() == 0
    assert was_locked == [True]
    assert {path.name for path in home.rglob("*.db")} == {"runs.db", "index.db", "schedules.db"}
