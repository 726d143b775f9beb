"""A run whose process was killed is marked as failed by the next start; one that is alive never is."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import sqlalchemy as sa
from dagster._core.storage.runs.schema import RunsTable

from orchestration.jobs import refresh_schedule
from orchestration.run_locks import LOST, START_TIME, fail_lost_runs
from tests.crashes.waiting_run import Worker

MIDNIGHT = datetime(2026, 5, 1, tzinfo=UTC)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    return tmp_path


@pytest.fixture
def instance(home: Path) -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.from_config(str(home)) as instance:
        yield instance


def status(instance: dg.DagsterInstance, run_id: str) -> dg.DagsterRunStatus:
    run = instance.get_run_by_id(run_id)
    assert run
    return run.status


def test_a_run_is_lost_when_its_process_is_killed_and_not_before(home: Path, instance: dg.DagsterInstance):
    killed, alive = Worker(home), Worker(home)
    assert {killed.message(), alive.message()} == {"at work"}
    assert fail_lost_runs(instance) == []
    killed.kill()
    [sentence] = fail_lost_runs(instance)
    assert killed.run_id[:8] in sentence
    assert LOST in sentence
    assert fail_lost_runs(instance) == []
    assert status(instance, killed.run_id) == dg.DagsterRunStatus.FAILURE
    assert status(instance, alive.run_id) == dg.DagsterRunStatus.STARTED
    failures = instance.all_logs(killed.run_id, of_type=dg.DagsterEventType.RUN_FAILURE)
    assert [one.message for one in failures] == [LOST]
    alive.sender.send("end")
    assert alive.message() == "done"
    assert fail_lost_runs(instance) == []
    assert status(instance, alive.run_id) == dg.DagsterRunStatus.SUCCESS
    alive.kill()


def test_a_tick_frees_the_queue_of_a_lost_run(home: Path, instance: dg.DagsterInstance):
    killed = Worker(home)
    assert killed.message() == "at work"
    killed.kill()
    tick = refresh_schedule.evaluate_tick(
        dg.build_schedule_context(instance=instance, scheduled_execution_time=MIDNIGHT)
    )
    assert tick.run_requests is not None
    assert len(tick.run_requests) == 1
    assert status(instance, killed.run_id) == dg.DagsterRunStatus.FAILURE


def record(instance: dg.DagsterInstance, run: dg.DagsterRun, **values: Any) -> None:
    with instance.run_storage.connect() as connection:
        connection.execute(sa.update(RunsTable).where(RunsTable.c.run_id == run.run_id).values(**values))


def test_ticks_do_not_pile_up_behind_a_run_that_waits(instance: dg.DagsterInstance):
    @dg.job(name="refresh")
    def refresh() -> None: ...

    # Dagster makes such a run only where a daemon runs.
    record(instance, instance.create_run_for_job(refresh), status=dg.DagsterRunStatus.QUEUED.value)
    tick = refresh_schedule.evaluate_tick(
        dg.build_schedule_context(instance=instance, scheduled_execution_time=MIDNIGHT)
    )
    assert not tick.run_requests
    assert tick.skip_message == "A run of this job is already queued."


def started(instance: dg.DagsterInstance, age: timedelta, **tags: Any) -> str:
    """A run that was recorded as started so long ago, and never took a lock."""

    @dg.job
    def nothing() -> None: ...

    run = instance.create_run_for_job(nothing, status=dg.DagsterRunStatus.STARTED, tags=tags.get("tags"))
    record(instance, run, update_timestamp=(datetime.now(UTC) - age).replace(tzinfo=None))
    return run.run_id


def test_a_run_that_never_took_its_lock_is_lost_after_a_while(instance: dg.DagsterInstance):
    """Killed before its first step, or started by a version without locks."""
    just_now, long_ago = started(instance, timedelta(0)), started(instance, START_TIME * 2)
    [sentence] = fail_lost_runs(instance)
    assert long_ago[:8] in sentence
    assert status(instance, just_now) == dg.DagsterRunStatus.STARTED


def test_a_run_of_another_machine_is_left_alone(instance: dg.DagsterInstance):
    elsewhere = started(
        instance, START_TIME * 2, tags={"compliance/lock": "/nowhere/on/this/machine/running/x.lock"}
    )
    assert fail_lost_runs(instance) == []
    assert status(instance, elsewhere) == dg.DagsterRunStatus.STARTED
