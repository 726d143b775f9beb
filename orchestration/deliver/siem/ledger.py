"""Which events each sink has: `raw.siem_deliveries`, and for findings `raw.siem_findings`.

A delivery is planned before anything is written or sent, and acknowledged when the sink has it. A run that is
killed in between leaves it open, and the next run repeats it: the same events under the same names.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

import duckdb

from orchestration import __version__
from orchestration.duckdb_sql import transaction
from orchestration.intervals import naive_utc

# Activities are counted from the oldest that the sink does not have; earlier ones than the start are skipped.
_NEXT_ACTIVITIES = """
with cursor as (
    select coalesce(max(last_ingest_seq), 0) as ingest_seq from raw.siem_deliveries where sink = $sink
),
due as (
    select ingest_seq from marts.activities
    where ingest_seq > (from cursor) and ($start is null or occurred_at >= $start)
    order by ingest_seq
    limit $limit
)
select (from cursor) + 1, max(ingest_seq) from due
"""

_DUE_FINDINGS = """
select event_uid from delivered.ocsf_findings
where event_uid not in (
    select event_uid from raw.siem_findings join raw.siem_deliveries using (delivery_id) where sink = $sink
)
order by event_uid
limit $limit
"""

_OPEN = """
select delivery_id, first_ingest_seq, last_ingest_seq, planned_at from raw.siem_deliveries
where sink = $sink and delivered_at is null
"""


@dataclass(frozen=True, slots=True)
class Delivery:
    """Activities of these numbers, or findings where they are None, that one sink gets together."""

    number: int
    first: int | None
    last: int | None
    planned_at: datetime

    @property
    def name(self) -> str:
        """The name of its files: of activities the same in every warehouse that has the same numbers."""
        if self.first is None:
            return f"findings-{self.number:012}"
        return f"activities-{self.first:012}-{self.last:012}"


@dataclass(frozen=True, slots=True)
class Amount:
    """How much was delivered."""

    events: int = 0
    files: int = 0
    size: int = 0

    def __add__(self, other: "Amount") -> "Amount":
        return Amount(self.events + other.events, self.files + other.files, self.size + other.size)


def plan(connection: duckdb.DuckDBPyConnection, sink: str, limit: int, start: datetime | None) -> Delivery | None:
    """The delivery that is open, else a new one of what the sink does not have; None where it has everything."""
    if found := connection.execute(_OPEN, {"sink": sink}).fetchall():
        return Delivery(*found[0])
    values = {"sink": sink, "limit": limit}
    [(first, last)] = connection.execute(
        _NEXT_ACTIVITIES, values | {"start": start and naive_utc(start)}
    ).fetchall()
    findings = [] if last else connection.execute(_DUE_FINDINGS, values).fetchall()
    if not last and not findings:
        return None
    [(number,)] = connection.execute(
        "select coalesce(max(delivery_id), 0) + 1 from raw.siem_deliveries"
    ).fetchall()
    planned = Delivery(number, first if last else None, last, naive_utc(datetime.now(UTC)))
    with transaction(connection):
        connection.execute(
            "insert into raw.siem_deliveries values (?, ?, ?, ?, 0, 0, 0, ?, null, ?)",
            [number, sink, planned.first, planned.last, planned.planned_at, __version__],
        )
        if findings:
            connection.execute(
                "insert into raw.siem_findings select ?, unnest(?::varchar[])",
                [number, [uid for (uid,) in findings]],
            )
    return planned


def acknowledge(
    connection: duckdb.DuckDBPyConnection, delivery: Delivery, amount: Amount, last: int | None = None
) -> None:
    """Record that the sink has the delivery; of activities only those up to `last`, if given."""
    connection.execute(
        "update raw.siem_deliveries set delivered_at = ?, event_count = ?, file_count = ?, byte_count = ?, "
        "last_ingest_seq = coalesce(?, last_ingest_seq) where delivery_id = ?",
        [naive_utc(datetime.now(UTC)), amount.events, amount.files, amount.size, last, delivery.number],
    )
