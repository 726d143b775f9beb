"""Sends alerts: what is new is stored first, then sent with the file closed, then noted as sent.

One process at a time does so, by a lock beside the warehouse that ends with the process. The lock of the pipeline
is held only while the file is open: nobody waits for a receiver.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import duckdb
from filelock import FileLock, Timeout

from orchestration.config.alerts import AlertSettings
from orchestration.deliver.conditions import FINDING, Condition, describe_finding, read_conditions
from orchestration.deliver.messages import APPLICATION, Message, compose
from orchestration.deliver.outbox import Alert, alert_of, decide, note, short_hash, waiting
from orchestration.deliver.receivers import Receiver, open_receivers
from orchestration.warehouse.connection import LOCK_WAIT_SECONDS, open_warehouse, warehouse_lock
from orchestration.warehouse.errors import WarehouseError

log = logging.getLogger(__name__)

TEST_TITLE = "Test alert"


class DeliveryBusy(WarehouseError):
    """Another process is sending alerts."""


@dataclass(slots=True)
class AlertDelivery:
    """What one delivery did. `failures`: by receiver; `minutes`: from each act to its alert, of findings sent."""

    new_count: int = 0
    sent_count: int = 0
    waiting_count: int = 0
    failures: dict[str, str] = field(default_factory=dict)
    minutes: tuple[float, ...] = ()

    def describe(self) -> str:
        """One line."""
        failed = "".join(f" {name}: {error}; the next run tries again." for name, error in self.failures.items())
        return f"Alerts: {self.new_count} new, {self.sent_count} sent, {self.waiting_count} waiting.{failed}"


def deliver(
    path: Path,
    settings: AlertSettings,
    states: Sequence[Condition],
    *,
    wait_seconds: float = LOCK_WAIT_SECONDS,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> AlertDelivery:
    """Send every receiver what it has not received yet. `states`: the conditions from Dagster's storage.

    A receiver that fails is logged, and tried again by the next delivery.

    Raises:
        ConfigurationError: Apprise does not know an address.
        WarehouseError: the file cannot be opened, or another process holds it for longer than `wait_seconds`.
    """
    if not path.exists():
        raise WarehouseError(f"There is no warehouse at {path} yet.")
    receivers = open_receivers(settings.urls)
    names = [receiver.name for receiver in receivers]
    delivery = AlertDelivery()
    with _delivery_lock(path, wait_seconds):
        with _opened(path, wait_seconds) as connection:
            conditions = [*states, *read_conditions(connection, settings.severities, clock())]
            delivery.new_count = decide(connection, conditions, names, clock())
            outgoing = {name: waiting(connection, name) for name in names}
            texts = {
                alert.alert_id: describe_finding(connection, alert.subject_id, settings.is_full)
                for alerts in outgoing.values()
                for alert in alerts
                if alert.kind == FINDING
            }
        for receiver in receivers:
            alerts = outgoing[receiver.name]
            messages = compose(alerts, lambda alert: texts.get(alert.alert_id) or alert.text)
            _send(path, receiver, alerts, messages, delivery, clock)
    return delivery


def send_unrecorded(settings: AlertSettings, states: Sequence[Condition], now: datetime) -> dict[str, str]:
    """Send conditions while nobody can open the warehouse. Returns the failures, by receiver.

    Nothing records that they were sent. Once the warehouse opens, lasting ones are sent again.
    """
    messages = compose([alert_of(one, now) for one in states], lambda alert: alert.text)
    sent = [(one.name, one.send(message)) for one in open_receivers(settings.urls) for message in messages]
    return {name: error for name, error in sent if error}


def send_test(settings: AlertSettings, now: datetime) -> dict[str, str | None]:
    """Send each receiver a test message. Returns the error by receiver, None if it was accepted."""
    message_id = short_hash([TEST_TITLE, now.isoformat()])
    body = f"Alerts of {APPLICATION} arrive here. Nothing happened.\nAlert {message_id}"
    message = Message(message_id, (), "low", f"[test] {TEST_TITLE}", body)
    return {receiver.name: receiver.send(message) for receiver in open_receivers(settings.urls)}


def _send(
    path: Path,
    receiver: Receiver,
    alerts: Sequence[Alert],
    messages: Sequence[Message],
    delivery: AlertDelivery,
    clock: Callable[[], datetime],
) -> None:
    """Send one receiver its messages until one fails, recording each at once."""
    acts = {alert.alert_id: alert.began_at for alert in alerts if alert.kind == FINDING}
    for place, message in enumerate(messages):
        error = receiver.send(message)
        now = clock()
        with _opened(path, LOCK_WAIT_SECONDS) as connection:
            note(connection, receiver.name, message.alert_ids, message.message_id, error, now)
        if error:
            delivery.failures[receiver.name] = error
            delivery.waiting_count += sum(len(one.alert_ids) for one in messages[place:])
            log.warning("No alert could be sent to %s: %s. The next run tries again.", receiver.name, error)
            return
        delivery.sent_count += len(message.alert_ids)
        times = (acts.get(alert_id) for alert_id in message.alert_ids)
        delivery.minutes += tuple((now - began).total_seconds() / 60 for began in times if began)


@contextmanager
def _opened(path: Path, wait_seconds: float) -> Iterator[duckdb.DuckDBPyConnection]:
    with (
        warehouse_lock(path, wait_seconds=wait_seconds),
        open_warehouse(path, is_known=True, wait_seconds=wait_seconds) as connection,
    ):
        yield connection


@contextmanager
def _delivery_lock(path: Path, wait_seconds: float) -> Iterator[None]:
    lock = FileLock(path.with_name(f"{path.name}.alerts.lock"))
    try:
        lock.acquire(timeout=wait_seconds)
    except Timeout:
        raise DeliveryBusy(
            "Another process is sending alerts. The next run continues with what is left."
        ) from None
    except OSError as error:
        raise WarehouseError(f"Cannot write beside {path}: {error.strerror}. Check WAREHOUSE_PATH.") from None
    try:
        yield
    finally:
        lock.release()
