"""Watches runs from outside: a sensor every minute, and each command after its job.

A run that failed skips its own alerts, and one that hangs never comes to them. Both are sent from here, by the
same function that the asset calls. So are the heartbeat, which a run cannot send before it has ended, and metrics.
"""

import json
import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import dagster as dg

from orchestration.config.alerts import AlertSettings, heartbeat_url, read_alerts
from orchestration.config.settings import Settings
from orchestration.deliver.alerts import deliver, send_unrecorded
from orchestration.deliver.conditions import Condition
from orchestration.deliver.heartbeat import send_heartbeat
from orchestration.deliver.outbox import short_hash
from orchestration.errors import ExplainedError
from orchestration.metrics import write_metrics
from orchestration.run_locks import fail_lost_runs
from orchestration.run_states import newest_success, run_conditions
from orchestration.status import read_status
from orchestration.warehouse.errors import WarehouseError

WATCH_SECONDS = 60
# The next tick comes soon; a run that holds the file is not to be held up.
WAIT_SECONDS = 2.0
# A success that is older says nothing about now.
SUCCESS_IS_NEWS = timedelta(minutes=10)


@dg.sensor(
    name="watch_sensor",
    minimum_interval_seconds=WATCH_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Every minute: marks killed runs as failed, sends alerts of failed and stuck runs and the "
    "heartbeat, and writes METRICS_PATH.",
)
def watch_sensor(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """Do what new states of runs call for. The cursor holds what was dealt with."""
    sentences = fail_lost_runs(context.instance)
    done: dict[str, str] = json.loads(context.cursor or "{}")
    for act in (_send_alerts, _send_heartbeat, _write_metrics):
        try:
            sentences.append(act(context.instance, done))
        except ExplainedError as error:
            sentences.append(str(error))
    context.update_cursor(json.dumps(done))
    return dg.SkipReason(" ".join(filter(None, sentences)) or "Nothing new.")


def watch_command(instance: dg.DagsterInstance, *, is_success: bool) -> list[str]:
    """Do the same after the job of a command, where no sensor may be running. Returns what to print."""
    sentences = []
    for act in (_send_heartbeat if is_success else _send_alerts, _write_metrics):
        try:
            sentences.append(act(instance, {}))
        except ExplainedError as error:
            sentences.append(str(error))
    return list(filter(None, sentences))


def _send_alerts(instance: dg.DagsterInstance, done: dict[str, str]) -> str:
    settings = read_alerts(os.environ)
    if settings is None:
        return ""
    states = run_conditions(instance, settings.stuck_after, datetime.now(UTC))
    mark = short_hash(f"{one.kind} {one.subject_id}" for one in states)
    if done.get("alerts") == mark:
        return ""
    sentence, is_done = _alert(settings, states)
    if is_done:
        done["alerts"] = mark
    return sentence


def _send_heartbeat(instance: dg.DagsterInstance, done: dict[str, str]) -> str:
    url, success = heartbeat_url(os.environ), newest_success(instance)
    if url is None or success is None or done.get("heartbeat") == success[0]:
        return ""
    run_id, ended_at = success
    error = send_heartbeat(url) if datetime.now(UTC) - ended_at < SUCCESS_IS_NEWS else ""
    if not error:
        done["heartbeat"] = run_id
    return error


def _write_metrics(instance: dg.DagsterInstance, done: dict[str, str]) -> str:
    path = Settings.read(os.environ, "metrics_path").metrics_path
    if path is not None:
        write_metrics(read_status(instance, os.environ, datetime.now(UTC)), path)
    return ""


def _alert(settings: AlertSettings, states: Sequence[Condition]) -> tuple[str, bool]:
    """What was done, and whether nothing is left to do. Where the warehouse does not open, nothing is noted."""
    path = Settings.paths(os.environ).warehouse_path
    try:
        delivery = deliver(path, settings, states, wait_seconds=WAIT_SECONDS)
    except WarehouseError as error:
        stuck = [one for one in states if not one.is_lasting] if path.exists() else list(states)
        if not stuck:
            return f"{error} Alerts wait for the next look.", False
        failures = send_unrecorded(settings, stuck, datetime.now(UTC))
        return f"{error} Sent without a note of it: {len(stuck)} alert(s).", not failures
    return delivery.describe(), not delivery.waiting_count
