"""Decisions about findings: an append-only chain in `raw.finding_decisions`, which dbt reads.

A decision is about one finding, or about a rule with a subject. Its hash covers the decision before it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address

import duckdb

from orchestration import __version__
from orchestration.detections.catalogue import read_rules
from orchestration.detections.values import day_or_time, meant
from orchestration.duckdb_sql import transaction
from orchestration.errors import ExplainedError
from orchestration.intervals import naive_utc

STATUSES = ("open", "acknowledged", "false_positive", "resolved", "muted")
MIN_PREFIX = 8
_MAX_CHARACTERS = 200
_SHOWN = 3

# The chained hash covers a person's data only through this hash.
DETAILS = "sha256(json_array(subject_id, decided_by, note)::varchar)"


def decision_expression(previous: str) -> str:
    """The SQL of a decision's hash, where `previous` is the hash of the one before."""
    return (
        f"sha256(json_array({previous}, decision_number, finding_id, rule_id, status, muted_until, decided_at, "
        "details_sha256)::varchar)"
    )


_APPEND = f"""
insert into raw.finding_decisions by name
with stated as (
    select
        (select coalesce(max(decision_number), 0) + 1 from raw.finding_decisions) as decision_number,
        $finding_id::varchar as finding_id, $rule_id::varchar as rule_id, $subject_id::varchar as subject_id,
        $status as status, $muted_until::timestamp as muted_until, $decided_by as decided_by, $note as note,
        $decided_at::timestamp as decided_at,
        (select arg_max(decision_sha256, decision_number) from raw.finding_decisions) as previous_decision_sha256,
        $product_version as product_version
),
detailed as (
    select *, {DETAILS} as details_sha256 from stated
)
select *, {decision_expression("previous_decision_sha256")} as decision_sha256 from detailed
"""

# For `verify`: how many were checked, how many differ, and a sentence on the first.
CHAIN = f"""
with ordered as (
    select
        *,
        row_number() over (order by decision_number) as place,
        lag(decision_sha256) over (order by decision_number) as before_sha256
    from raw.finding_decisions
),
checked as (
    select
        *,
        decision_number <> place
        or previous_decision_sha256 is distinct from before_sha256
        or decision_sha256 <> {decision_expression("before_sha256")}
        or (removal_id is null and details_sha256 <> {DETAILS})
        or (removal_id is not null and removal_id not in (select removal_id from raw.removals)) as is_differing
    from ordered
)
select
    count(*),
    count(*) filter (where is_differing),
    arg_min('decision ' || decision_number || ' is not as it was made, or one before it is missing', place)
        filter (where is_differing)
from checked
"""


class DecisionError(ExplainedError):
    """A decision that cannot be stored."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What is decided, by whom and why.

    Raises:
        DecisionError: a part is missing, or is not fit to be kept.
    """

    status: str
    decided_by: str
    note: str
    muted_until: datetime | None = None

    @classmethod
    def stated(cls, status: str, decided_by: str, note: str, until: str) -> "Decision":
        """From texts; `until` is a date, with whose day a mute ends, a time (UTC), or nothing.

        Raises:
            DecisionError: a part is missing, or makes no sense.
        """
        try:
            return cls(status, decided_by, note, day_or_time("UNTIL", until))
        except ValueError as error:
            raise DecisionError(str(error)) from None

    def __post_init__(self) -> None:
        if self.status not in STATUSES:
            raise DecisionError(f"{self.status!r} is not a status. {meant(self.status, STATUSES)}")
        if (self.status == "muted") != (self.muted_until is not None):
            raise DecisionError("UNTIL is required with muted and only allowed there.")
        if self.muted_until and self.muted_until <= naive_utc(datetime.now(UTC)):
            raise DecisionError("UNTIL is in the past. Use a date in the future.")
        for name, text in (("who decides", self.decided_by), ("why", self.note)):
            if not text.strip():
                raise DecisionError(f"State {name}: it is kept with the finding. Set BY and WHY.")
            if "@" in text or not text.isprintable() or len(text) > _MAX_CHARACTERS:
                raise DecisionError(
                    f"The text for {name} is kept as evidence. Use one line of up to {_MAX_CHARACTERS} characters "
                    "without an email address."
                )


def decide(
    connection: duckdb.DuckDBPyConnection,
    decision: Decision,
    findings: Sequence[str] = (),
    rule_id: str = "",
    subject_id: str = "",
) -> list[int]:
    """Store a decision about findings, each by its id or the beginning of it, or about a rule with a subject.

    Returns the numbers of the decisions, all of which are stored or none.

    Raises:
        DecisionError: there is no such finding, or nothing is named.
    """
    if bool(findings) == bool(rule_id or subject_id) or bool(rule_id) != bool(subject_id):
        raise DecisionError(
            "Name findings by their ids, or one rule with a subject: FINDING, or RULE and SUBJECT."
        )
    built = connection.execute(
        "select 1 from duckdb_tables() where schema_name = 'detections' and table_name = 'finding_history'"
    ).fetchall()
    if not built:
        raise DecisionError("There are no findings yet. Run `make refresh` first.")
    if rule_id:
        _require_subject(connection, rule_id, subject_id)
        targets = [{"finding_id": None, "rule_id": rule_id, "subject_id": subject_id}]
    else:
        found = [_finding(connection, one) for one in findings]
        targets = [{"finding_id": one, "rule_id": None, "subject_id": None} for one in dict.fromkeys(found)]
    stated = {
        "status": decision.status,
        "muted_until": decision.muted_until,
        "decided_by": decision.decided_by.strip(),
        "note": decision.note.strip(),
        "decided_at": naive_utc(datetime.now(UTC)),
        "product_version": __version__,
    }
    numbers = []
    with transaction(connection):
        for target in targets:
            connection.execute(_APPEND, target | stated)
            numbers += connection.execute("select max(decision_number) from raw.finding_decisions").fetchall()[0]
    return numbers


def require_storable_subject(subject_id: str) -> None:
    """Refuse what Dagster must not keep in the configuration of a run.

    Raises:
        DecisionError: the subject is an email address or an IP address.
    """
    try:
        ip_address(subject_id)
    except ValueError:
        if "@" not in subject_id:
            return
    raise DecisionError("Dagster stores run configuration. Decide on this subject with `make triage`.")


def has_news(connection: duckdb.DuckDBPyConnection, built_at: datetime) -> bool:
    """Whether a decision came after the build, or a mute has ended that the mart still shows. Needs a build.

    A build that is still to come was made while the clock was ahead: nothing says what came after it.
    """
    found = connection.execute(
        "select 1 from raw.finding_decisions where decided_at > $built_at or $built_at > $now union all "
        "select 1 from marts.findings where triage_status = 'muted' and muted_until <= $now limit 1",
        {"built_at": built_at, "now": naive_utc(datetime.now(UTC))},
    ).fetchall()
    return bool(found)


def _finding(connection: duckdb.DuckDBPyConnection, stated: str) -> str:
    if len(stated) < MIN_PREFIX:
        raise DecisionError(f"{stated!r} is too short for a finding. Use {MIN_PREFIX} or more of its characters.")
    found = connection.execute(
        "select finding_id from detections.finding_history where starts_with(finding_id, ?) order by 1", [stated]
    ).fetchall()
    if len(found) != 1:
        shown = ", ".join(name for (name,) in found[:_SHOWN])
        which = f"{len(found)} findings begin with" if found else "There is no finding"
        raise DecisionError(f"{which} {stated!r}{f': {shown}' if shown else ''}. See marts.findings.")
    return found[0][0]


def _require_subject(connection: duckdb.DuckDBPyConnection, rule_id: str, subject_id: str) -> None:
    if rule_id not in read_rules():
        raise DecisionError(f"There is no rule {rule_id!r}. {meant(rule_id, read_rules())}")
    found = connection.execute(
        "select 1 from detections.finding_history where rule_id = ? and subject_id = ? limit 1",
        [rule_id, subject_id],
    ).fetchall()
    if not found:
        raise DecisionError(
            f"{rule_id} has no finding about this subject. Check it, or allow it in detections.toml beforehand."
        )
