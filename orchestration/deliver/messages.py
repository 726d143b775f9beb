"""Alerts as messages: one each, or one digest of many. Each ends with ids that identify a repeat."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from orchestration.config.values import SEVERITIES
from orchestration.deliver.outbox import Alert, short_hash
from orchestration.intervals import rfc3339
from orchestration.terminal import printable

# More alerts than this at once become one digest.
MAX_MESSAGES = 20
# A digest lists this many, and counts the rest.
MAX_LISTED = 50
MAX_LINE = 500
APPLICATION = "compliance-warehouse"


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent at once. `alert_ids`: the alerts it is about; `severity`: that of the most severe."""

    message_id: str
    alert_ids: tuple[str, ...]
    severity: str
    title: str
    body: str


def compose(alerts: Sequence[Alert], describe: Callable[[Alert], str]) -> list[Message]:
    """The messages on alerts that wait for one receiver; `describe` gives the text of one."""
    if len(alerts) > MAX_MESSAGES:
        return [_digest(alerts)]
    return [_single(alert, describe(alert)) for alert in alerts]


def _single(alert: Alert, text: str) -> Message:
    lines = [
        *text.splitlines(),
        f"Resolved {rfc3339(alert.resolved_at)}" if alert.resolved_at else "",
        "An earlier attempt to send this failed or was interrupted; it may have arrived."
        if alert.attempt_count
        else "",
        f"Alert {alert.alert_id}",
    ]
    return Message(alert.alert_id, (alert.alert_id,), alert.severity, _title(alert), _body(lines))


def _digest(alerts: Sequence[Alert]) -> Message:
    """One message on all of them. Its id is that of this set of alerts."""
    counts = Counter(alert.severity for alert in alerts)
    shown = ", ".join(f"{counts[severity]} {severity}" for severity in SEVERITIES if counts[severity])
    ids = tuple(alert.alert_id for alert in alerts)
    message_id = short_hash(sorted(ids))
    lines = [f"{_title(alert)}: {alert.subject_id} (alert {alert.alert_id})" for alert in alerts[:MAX_LISTED]]
    if len(alerts) > MAX_LISTED:
        lines.append(
            f"and {len(alerts) - MAX_LISTED} more: see marts.findings, and `python -m orchestration status`"
        )
    title = f"[{alerts[0].severity}] {APPLICATION}: {len(alerts)} alerts ({shown})"
    return Message(message_id, ids, alerts[0].severity, title, _body([*lines, f"Digest {message_id}"]))


def _title(alert: Alert) -> str:
    return f"[{alert.severity}] {printable(alert.title)[:MAX_LINE]}"


def _body(lines: Sequence[str]) -> str:
    """Each line made safe to show: text from the feed cannot move the cursor or start a new line."""
    return "\n".join(printable(line)[:MAX_LINE] for line in lines if line)
