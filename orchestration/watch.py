"""What looks after runs from outside of them: a sensor every minute, and each command after its job.

A run that failed skips its own alerts, and one that hangs never comes to them. Both are sent from here, by the
same function that the asset calls.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime

import dagster as dg

from orchestration.config.alerts import AlertSettings, read_alerts
from orchestration.config.settings import Settings
from orchestration.deliver.alerts import deliver, send_unrecorded
from orchestration.deliver.conditions import Condition
from orchestration.deliver.outbox import short_hash
from orchestration.errors import ExplainedError
from orchestration.run_locks import fail_lost_runs
from orchestration.run_states import run_conditions
from orchestration.warehouse.errors import WarehouseError

WATCH_SECONDS = 60
# The next tick comes soon; a run that holds the file is not to be held up.
WAIT_SECONDS = 2.0


@dg.sensor(
    name="watch_sensor",
    minimum_interval_seconds=WATCH_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Every minute: marks killed runs as failed, and sends alerts of failed and stuck runs.",
)
def watch_sensor(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """Send what new states of runs call for. The cursor is a hash of the states that were dealt with."""
    sentences = fail_lost_runs(context.instance)
    try:
        settings = read_alerts(os.environ)
        if settings is None:
            sentences.append("ALERT_URLS is not set: no alerts are sent.")
        else:
            states = run_conditions(context.instance, settings.stuck_after, datetime.now(UTC))
            mark = short_hash(f"{one.kind} {one.subject_id}" for one in states)
            if mark != context.cursor:
                sentence, is_done = _alert(settings, states)
                sentences.append(sentence)
                if is_done:
                    context.update_cursor(mark)
    except ExplainedError as error:
        sentences.append(str(error))
    return dg.SkipReason(" ".join(sentences) or "Nothing new.")


def alert_of_failed_run(instance: dg.DagsterInstance) -> str:
    """Send alerts after a job failed that a command ran, where no sensor may be at work. Returns what was done."""
    try:
        settings = read_alerts(os.environ)
        if settings is None:
            return ""
        return _alert(settings, run_conditions(instance, settings.stuck_after, datetime.now(UTC)))[0]
    except ExplainedError as error:
        return str(error)


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
