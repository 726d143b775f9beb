"""`raw.alerts`: the outbox of alerts, by receiver. A row is committed before anything is sent.

Sending and recording cannot be one transaction: if the sender dies in between, the alert is sent again with the
same id.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb

from orchestration.deliver.conditions import LASTING, Condition
from orchestration.duckdb_sql import transaction
from orchestration.intervals import aware_utc, naive_utc, rfc3339

_KNOWN = """
select 1 from raw.alerts
where kind = $kind and subject_id = $subject_id and (not $is_lasting or resolved_at is null) limit 1
"""
_INSERT = """
insert into raw.alerts by name
select
    $alert_id as alert_id, unnest($receivers) as receiver, $kind as kind, $subject_id as subject_id,
    $severity as severity, $title as title, $text as text, $began_at as began_at, $now as decided_at,
    0 as attempt_count
"""
_RESOLVE = """
update raw.alerts set resolved_at = $now
where kind = $kind and resolved_at is null and subject_id not in (select unnest($subjects))
"""
_WAITING = """
select alert_id, kind, subject_id, severity, title, text, began_at, decided_at, resolved_at, attempt_count
from raw.alerts where receiver = ? and sent_at is null
order by list_position(['critical', 'high', 'medium', 'low'], severity), decided_at, began_at, alert_id
"""
_NOTE = """
update raw.alerts set
    attempt_count = attempt_count + 1,
    message_id = $message_id,
    sent_at = case when $error is null then $now end,
    last_error = $error
where receiver = $receiver and alert_id in (select unnest($alert_ids))
"""


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert that is waiting for one receiver; times are aware."""

    alert_id: str
    kind: str
    subject_id: str
    severity: str
    title: str
    text: str
    began_at: datetime | None
    decided_at: datetime
    resolved_at: datetime | None = None
    attempt_count: int = 0


def decide(
    connection: duckdb.DuckDBPyConnection, conditions: Sequence[Condition], receivers: Sequence[str], now: datetime
) -> int:
    """Store an alert for each receiver and each condition that has none yet; returns how many conditions are new.

    Lasting conditions that are over are marked as resolved.
    """
    with transaction(connection):
        for kind in LASTING:
            subjects = [one.subject_id for one in conditions if one.kind == kind]
            connection.execute(_RESOLVE, {"kind": kind, "subjects": subjects, "now": naive_utc(now)})
        new = [one for one in conditions if not _is_known(connection, one)]
        for one in new:
            _insert(connection, one, receivers, now)
    return len(new)


def alert_of(condition: Condition, now: datetime) -> Alert:
    """The alert of a condition. An event that happens once has the same id in every warehouse."""
    parts = [condition.kind, condition.subject_id, *([rfc3339(now)] if condition.is_lasting else [])]
    return Alert(
        alert_id=short_hash(parts), kind=condition.kind, subject_id=condition.subject_id,
        severity=condition.severity, title=condition.title, text=condition.text, began_at=condition.began_at,
        decided_at=now,
    )  # fmt: skip


def waiting(connection: duckdb.DuckDBPyConnection, receiver: str) -> list[Alert]:
    """Alerts the receiver has not received yet, most severe and oldest first."""
    return [
        Alert(alert_id, kind, subject, severity, title, text or "", aware_utc(began), aware_utc(decided),
              aware_utc(resolved), attempts)
        for alert_id, kind, subject, severity, title, text, began, decided, resolved, attempts
        in connection.execute(_WAITING, [receiver]).fetchall()
    ]  # fmt: skip


def note(
    connection: duckdb.DuckDBPyConnection,
    receiver: str,
    alert_ids: Sequence[str],
    message_id: str,
    error: str | None,
    now: datetime,
) -> None:
    """Record an attempt: `error` is None if the receiver accepted the message."""
    connection.execute(
        _NOTE,
        {
            "receiver": receiver, "alert_ids": list(alert_ids), "message_id": message_id, "error": error,
            "now": naive_utc(now),
        },
    )  # fmt: skip


def short_hash(parts: Iterable[str]) -> str:
    """32 hex digits that identify the texts in their order."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def _is_known(connection: duckdb.DuckDBPyConnection, condition: Condition) -> bool:
    parameters = {
        "kind": condition.kind, "subject_id": condition.subject_id, "is_lasting": condition.is_lasting
    }  # fmt: skip
    return bool(connection.execute(_KNOWN, parameters).fetchall())


def _insert(
    connection: duckdb.DuckDBPyConnection, condition: Condition, receivers: Sequence[str], now: datetime
) -> None:
    alert = alert_of(condition, now)
    connection.execute(
        _INSERT,
        {
            "alert_id": alert.alert_id, "receivers": list(receivers), "kind": alert.kind,
            "subject_id": alert.subject_id, "severity": alert.severity, "title": alert.title,
            "text": alert.text or None, "began_at": alert.began_at and naive_utc(alert.began_at),
            "now": naive_utc(now),
        },
    )  # fmt: skip
