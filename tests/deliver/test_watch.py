"""Failed and stuck runs are sent from outside of them: by the sensor, and after a command's job."""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from orchestration.deliver.conditions import RUN_FAILED, RUN_STUCK, VERIFICATION
from orchestration.run_states import run_conditions
from orchestration.watch import watch_command, watch_sensor
from tests.deliver.conftest import SECRET, Inbox

LONG = timedelta(hours=2)


@dg.op
def step(context: dg.OpExecutionContext) -> None:
    if context.run.tags.get("fails"):
        raise dg.Failure("no")


def job_of(name: str) -> dg.JobDefinition:
    @dg.job(name=name, executor_def=dg.in_process_executor)
    def job() -> None:
        step()

    return job


def run(instance: dg.DagsterInstance, name: str, *, fails: bool = False) -> None:
    tags = {"fails": "true"} if fails else {}
    job_of(name).execute_in_process(instance=instance, tags=tags, raise_on_error=False)


@pytest.fixture
def instance(
    tmp_path: Path, path: Path, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dg.DagsterInstance]:
    monkeypatch.setenv("WAREHOUSE_PATH", str(path))
    monkeypatch.setenv("ALERT_URLS", inbox.url)
    with dg.instance_for_test(temp_dir=str(tmp_path)) as instance:
        yield instance


def tick(instance: dg.DagsterInstance, cursor: str | None = None) -> tuple[str, str | None]:
    """What the sensor says, and its cursor."""
    context = dg.build_sensor_context(instance, cursor=cursor)
    result = watch_sensor(context)
    assert isinstance(result, dg.SkipReason)
    return result.skip_message or "", context.cursor


def test_a_job_that_fails_is_one_alert_until_it_succeeds(instance: dg.DagsterInstance, marts: Path, inbox: Inbox):
    run(instance, "refresh")
    assert run_conditions(instance, LONG, datetime.now(UTC)) == []
    run(instance, "refresh", fails=True)
    run(instance, "refresh", fails=True)
    message, cursor = tick(instance)
    assert "1 new, 1 sent" in message
    assert tick(instance, cursor) == ("Nothing new.", cursor)
    [message] = inbox.taken
    assert message["title"] == "[high] Job refresh failed"
    assert "Failed steps: step." in message["message"]
    run(instance, "refresh")
    assert "0 new, 0 sent" in tick(instance, cursor)[0]
    run(instance, "refresh", fails=True)
    # As a command does after its job.
    assert "1 new, 1 sent" in watch_command(instance, is_success=False)[0]
    assert len(inbox.taken) == 2


def test_a_receiver_that_fails_is_tried_at_the_next_tick(instance: dg.DagsterInstance, marts: Path, inbox: Inbox):
    run(instance, "refresh", fails=True)
    inbox.status = 500
    _, cursor = tick(instance)
    inbox.status = 200
    message, cursor = tick(instance, cursor)
    assert "0 new, 1 sent" in message
    assert tick(instance, cursor)[0] == "Nothing new."


def test_a_first_run_that_fails_is_sent_though_there_is_no_warehouse(
    instance: dg.DagsterInstance, path: Path, inbox: Inbox
):
    path.unlink()
    run(instance, "refresh", fails=True)
    message, cursor = tick(instance)
    assert "There is no warehouse" in message
    assert tick(instance, cursor)[0] == "Nothing new."
    assert len(inbox.taken) == 1
    assert not path.exists()


def test_a_run_that_waits_too_long_is_stuck(instance: dg.DagsterInstance, marts: Path, inbox: Inbox):
    job = job_of("refresh")
    waiting = instance.create_run_for_job(job_def=job, status=dg.DagsterRunStatus.STARTING)
    now = datetime.now(UTC)
    assert run_conditions(instance, LONG, now) == []
    [stuck] = run_conditions(instance, LONG, now + LONG)
    assert (stuck.kind, stuck.subject_id) == (RUN_STUCK, waiting.run_id)


def test_a_seal_that_does_not_hold_is_one_alert_of_its_own(instance: dg.DagsterInstance):
    @dg.asset_check(asset=["raw", "day_seals"], name="chain_holds")
    def chain_holds(context: dg.AssetCheckExecutionContext):
        yield dg.AssetCheckResult(passed=not context.run.tags.get("fails"))
        if context.run.tags.get("fails"):
            raise dg.Failure("no")

    defs = dg.Definitions(
        asset_checks=[chain_holds],
        jobs=[dg.define_asset_job("verify", dg.AssetSelection.all_asset_checks())],
        executor=dg.in_process_executor,
    )
    job = defs.resolve_job_def("verify")
    job.execute_in_process(instance=instance, tags={"fails": "true"}, raise_on_error=False)
    [found] = run_conditions(instance, LONG, datetime.now(UTC))
    assert (found.kind, found.severity) == (VERIFICATION, "critical")
    assert found.title == "Verification failed: chain_holds of raw.day_seals"
    job.execute_in_process(instance=instance)
    assert run_conditions(instance, LONG, datetime.now(UTC)) == []
    run(instance, "verify", fails=True)
    assert [one.kind for one in run_conditions(instance, LONG, datetime.now(UTC))] == [RUN_FAILED]


def test_a_heartbeat_follows_each_success_once(
    instance: dg.DagsterInstance, inbox: Inbox, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.delenv("ALERT_URLS")
    monkeypatch.setenv("HEARTBEAT_URL", f"http://{inbox.host}/{SECRET}")
    caplog.set_level(logging.INFO)
    run(instance, "refresh", fails=True)
    _, cursor = tick(instance)
    assert inbox.paths == []
    run(instance, "refresh")
    inbox.status = 500
    message, cursor = tick(instance, cursor)
    assert message == "HEARTBEAT_URL answered with status 500."
    inbox.status = 200
    _, cursor = tick(instance, cursor)
    _, cursor = tick(instance, cursor)
    assert inbox.paths == [f"/{SECRET}"] * 2
    run(instance, "reconcile")
    run(instance, "verify")
    tick(instance, cursor)
    assert watch_command(instance, is_success=True) == []
    assert len(inbox.paths) == 4
    assert SECRET not in caplog.text
