"""Liveness of runs: each run holds a file lock from before its first step until its process ends.

The kernel releases the lock however the process ends, so a free lock means that the process is gone. This holds
after a reboot too, and when the process id has been reused. Dagster does not notice a killed process: the run
stays active, and with one run at a time every later one would wait in the queue forever.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TextIO

import dagster as dg

from orchestration.intervals import aware_utc

# Tag with the path of the run's lock. A run of another machine has a path that does not exist here; it is skipped.
LOCK_TAG = "compliance/lock"
LOST = (
    "The process of this run is gone: it was killed, or the machine was restarted. Stored data is kept; the next "
    "refresh continues from there."
)
# A run without a lock this long after its launch died before its first step.
START_TIME = timedelta(minutes=10)
_ACTIVE = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]

_held: dict[str, TextIO] = {}


def hold_run_lock(instance: dg.DagsterInstance, run_id: str) -> None:
    """Mark a run as alive until this process ends. Nothing else releases the lock."""
    if not instance.is_persistent or run_id in _held:
        return
    path = _directory(instance) / f"{run_id}.lock"
    path.parent.mkdir(exist_ok=True)
    file = path.open("w")
    fcntl.flock(file, fcntl.LOCK_EX)
    _held[run_id] = file
    instance.add_run_tags(run_id, {LOCK_TAG: str(path)})
    _remove_old_locks(instance)


def fail_lost_runs(instance: dg.DagsterInstance) -> list[str]:
    """Mark the runs whose process is gone as failed. Returns a message for each."""
    messages = []
    for record in instance.get_run_records(dg.RunsFilter(statuses=_ACTIVE)):
        run = record.dagster_run
        path = Path(run.tags.get(LOCK_TAG, _directory(instance) / f"{run.run_id}.lock"))
        is_overdue = datetime.now(UTC) - aware_utc(record.update_timestamp) > START_TIME
        if not path.exists() and not (LOCK_TAG not in run.tags and is_overdue):
            continue
        with _is_free(path) as is_free:
            # Read after taking the lock: a run that ended normally reported so before it released the lock.
            current = instance.get_run_by_id(run.run_id)
            if is_free and current and not current.is_finished:
                instance.report_run_failed(current, LOST)
                messages.append(f"Run {run.run_id[:8]} ({run.job_name}) was marked as failed. {LOST}")
    return messages


def _directory(instance: dg.DagsterInstance) -> Path:
    return Path(instance.root_directory) / "running"


@contextmanager
def _is_free(path: Path) -> Iterator[bool]:
    """Whether the lock is free. Holds it during the block, so that two processes do not report the same run."""
    if not path.exists():
        yield True
        return
    with path.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


def _remove_old_locks(instance: dg.DagsterInstance) -> None:
    for path in _directory(instance).glob("*.lock"):
        run = instance.get_run_by_id(path.stem)
        if run is None or run.is_finished:
            with _is_free(path) as is_free, suppress(FileNotFoundError):
                if is_free:
                    os.unlink(path)
