"""Conditions for alerts: open findings, and states of the pipeline that need attention.

Findings and keys are read from the marts, gaps and own reads from the ledger. What only Dagster's storage knows
(runs, verification) is in `run_states`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import duckdb

from orchestration.intervals import aware_utc, naive_utc, rfc3339
from orchestration.monitoring.ledger_checks import open_gaps
from orchestration.monitoring.own_reads import own_reads_by_source

FINDING, KEY, OWN_KEY, GAP, OWN_READS = "finding", "key", "own_key", "gap", "own_reads"
RUN_FAILED, RUN_STUCK, VERIFICATION = "run_failed", "run_stuck", "verification"
# These end and can begin again: one alert for each time.
LASTING = (GAP, OWN_READS, RUN_FAILED, VERIFICATION)
KEY_EXPIRES_WITHIN = timedelta(days=14)
# A key that is made for a shorter time is meant to expire.
MIN_KEY_LIFETIME = timedelta(days=30)

# Anything else (an email or IP address) may name a person.
_PLAIN_ID = re.compile(r"[A-Za-z0-9_-]{1,80}")

_FINDINGS = """
select finding_id, severity, title, occurred_at from marts.findings
where is_open and severity in (select unnest($severities)) order by occurred_at
"""

# The feed names a key as `apikey_X` or `admin_api_key_X`, so keys are compared by their last part.
_KEYS = """
with own as (
    select distinct split_part(actor_id, '_', -1) as key_part from marts.compliance_reads where is_own_read
)
select key_id, key_type, expires_at, own.key_part is not null as is_own
from marts.key_lifecycle
left join own on split_part(key_id, '_', -1) = own.key_part
where
    is_active
    and expires_at between $now and $now + $within
    and coalesce(expires_at - coalesce(created_at, first_seen_at) >= $lifetime, true)
order by expires_at, key_id
"""

_FINDING = """
select rule_id, organization_uuid, subject_type, subject_id, actor_id, occurred_at, found_at, summary
from marts.findings where finding_id = ?
"""


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition to alert about. `text`: lines without names, none for a finding; `began_at` is aware."""

    kind: str
    subject_id: str
    severity: str
    title: str
    text: str = ""
    began_at: datetime | None = None

    @property
    def is_lasting(self) -> bool:
        """Whether it ends and can begin again."""
        return self.kind in LASTING


def read_conditions(
    connection: duckdb.DuckDBPyConnection, severities: tuple[str, ...], now: datetime
) -> list[Condition]:
    """All conditions in the warehouse that need attention; marts that are not built yet have none."""
    built = _built(connection)
    conditions = [*_gaps(connection, now), *_own_reads(connection, now)]
    if "is_open" in built.get("findings", ()):
        conditions += _findings(connection, severities)
    if built.keys() >= {"key_lifecycle", "compliance_reads"}:
        conditions += _keys(connection, severities, now)
    return conditions


def describe_finding(connection: duckdb.DuckDBPyConnection, finding_id: str, is_full: bool) -> str:
    """The lines about a finding: ids and times; if `is_full`, also what happened and who was involved."""
    built = _built(connection)
    found = connection.execute(_FINDING, [finding_id]).fetchall() if "findings" in built else []
    if not found:
        return f"Finding {finding_id}, which is no longer in the warehouse."
    [(rule, organization, subject_type, subject, actor, occurred_at, found_at, summary)] = found
    lines = [
        f"Finding {finding_id}",
        f"Rule {rule}: docs/findings.md says what it means and what to do",
        f"Occurred {rfc3339(aware_utc(occurred_at))}, found {rfc3339(aware_utc(found_at))}",
        f"Organization {organization}" if organization else "",
        f"Subject: {subject_type} {_shown(subject, is_full)}" if subject else "",
        f"Actor: {_shown(actor, is_full)}" if actor else "",
    ]
    if is_full:
        lines += [summary or "", *_people(connection, built, [actor, subject])]
    return "\n".join(filter(None, lines))


def _shown(identifier: str, is_full: bool) -> str:
    return identifier if is_full or _PLAIN_ID.fullmatch(identifier) else "(see the finding)"


def _people(
    connection: duckdb.DuckDBPyConnection, built: dict[str, set[str]], ids: list[str | None]
) -> Iterator[str]:
    if "users" not in built:
        return
    people = connection.execute(
        "select user_id, full_name, current_email from marts.users where user_id in (select unnest(?)) order by 1",
        [list(filter(None, ids))],
    ).fetchall()
    for user_id, name, email in people:
        yield f"{user_id}: {', '.join(filter(None, (name, email))) or 'no name or email known'}"


def _findings(connection: duckdb.DuckDBPyConnection, severities: tuple[str, ...]) -> Iterator[Condition]:
    rows = connection.execute(_FINDINGS, {"severities": list(severities)}).fetchall()
    for finding_id, severity, title, occurred_at in rows:
        yield Condition(FINDING, finding_id, severity, title, began_at=aware_utc(occurred_at))


def _keys(
    connection: duckdb.DuckDBPyConnection, severities: tuple[str, ...], now: datetime
) -> Iterator[Condition]:
    parameters = {"now": naive_utc(now), "within": KEY_EXPIRES_WITHIN, "lifetime": MIN_KEY_LIFETIME}
    for key_id, key_type, expires_at, is_own in connection.execute(_KEYS, parameters).fetchall():
        expiry = rfc3339(aware_utc(expires_at))
        if is_own:
            text = f"{key_type} {key_id} expires {expiry}. Set another before then: reading stops with it."
            yield Condition(
                OWN_KEY, f"{key_id} {expiry}", "high", "The warehouse's own key is about to expire", text
            )
        elif "medium" in severities:
            yield Condition(
                KEY,
                f"{key_id} {expiry}",
                "medium",
                "A key is about to expire",
                f"{key_type} {key_id} expires {expiry}.",
            )


def _gaps(connection: duckdb.DuckDBPyConnection, now: datetime) -> Iterator[Condition]:
    for source, found in open_gaps(connection, now).items():
        text = f"{len(found)} interval(s) of this source are not proven complete. The first: {found[0]}"
        yield Condition(GAP, source, "high", f"Gap in what was read of source {source}", text)


def _own_reads(connection: duckdb.DuckDBPyConnection, now: datetime) -> Iterator[Condition]:
    for source, result in own_reads_by_source(connection, now).items():
        if result.is_failure:
            yield Condition(
                OWN_READS, source, "high", f"Own reads of source {source} never came back", result.sentence
            )


def _built(connection: duckdb.DuckDBPyConnection) -> dict[str, set[str]]:
    """The columns of each existing mart."""
    built: dict[str, set[str]] = {}
    for table, column in connection.execute(
        "select table_name, column_name from duckdb_columns() where schema_name = 'marts'"
    ).fetchall():
        built.setdefault(table, set()).add(column)
    return built
