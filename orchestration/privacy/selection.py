"""Which rows a removal takes: those that name a person, or those of old days."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date

import duckdb

from orchestration.privacy.subject import Subject, choose, find_subject
from orchestration.terminal import printable
from orchestration.warehouse.ledger import unproven
from orchestration.warehouse.temporary import temporary

_PREVIEW = """
select
    activity_type,
    count(*) filter (where table_name = 'activities') as activity_count,
    count(*) filter (where table_name <> 'activities'),
    min(created_at)::date,
    max(created_at)::date
from {rows}
group by activity_type
order by activity_count desc, activity_type
"""

_OF_A_PERSON = """
select
    'activities' as table_name, source, activity_id, activity_type, created_at, payload_sha256, extract_id,
    ingest_seq
from raw.activities semi join {chosen} as chosen using (activity_id)
union all
select 'activity_revisions', source, activity_id, activity_type, created_at, payload_sha256, extract_id, ingest_seq
from raw.activity_revisions semi join {chosen} as chosen using (activity_id)
"""

_OLD_DAYS = """
select source, sealed_date as removed_date, arg_max(seal_sha256, seal_number) as seal_sha256
from raw.day_seals
anti join raw.removed_days
    on day_seals.source = removed_days.source and day_seals.sealed_date = removed_days.removed_date
where sealed_date < $before
group by all
"""

# A quarantined record has no time of its own: that of the slice in which it came counts.
_OF_OLD_EXTRACTS = """
select extract_id from raw.extracts
join {days} as old_days on extracts.source = old_days.source and slice_start::date = removed_date
"""

_OF_OLD_DAYS = """
with taken as (
    select activities.*, removed_date
    from raw.activities
    join {days} as old_days on activities.source = old_days.source and created_at::date = removed_date
)
select
    'activities' as table_name, source, activity_id, activity_type, created_at, payload_sha256, extract_id,
    ingest_seq, removed_date
from taken
union all
select
    'activity_revisions', revisions.source, activity_id, revisions.activity_type, revisions.created_at,
    revisions.payload_sha256, revisions.extract_id, revisions.ingest_seq, removed_date
from raw.activity_revisions as revisions
join (select distinct source, activity_id, removed_date from taken) using (source, activity_id)
"""


@dataclass(frozen=True, slots=True)
class Preview:
    """What would be removed: activities and revisions by type, with the first and the last day of each."""

    rows: list[tuple[str | None, int, int, date, date]]
    shared_count: int = 0

    @property
    def activity_count(self) -> int:
        """All of them."""
        return sum(row[1] for row in self.rows)

    def describe(self) -> Iterator[str]:
        """The counts, a line for each type, and the sum."""
        for kind, activities, revisions, first, last in self.rows:
            yield f"  {printable(kind or 'without a type'):<48}{activities:>10,}{revisions:>8,}  {first} to {last}"
        yield f"{self.activity_count:,} activities would be removed, and the revisions of them."
        if self.shared_count:
            yield (
                f"{self.shared_count} address(es) are shared with other users: records that name one of these "
                "alone are not among them."
            )


@dataclass(frozen=True, slots=True)
class Choice:
    """What a removal takes, as names of temporary tables: the rows without their payloads, and the days of a
    retention. `person` is whom an erasure is about."""

    rows: str
    days: str | None = None
    person: Subject | None = None

    @property
    def quarantined(self) -> tuple[str, dict[str, str]]:
        """The condition, with its parameters, for the quarantined records that are taken as well."""
        if self.days or not self.person:
            return f"payload is not null and extract_id in ({_OF_OLD_EXTRACTS.format(days=self.days)})", {}
        return "regexp_matches(payload, $pattern)", {"pattern": self.person.pattern}


def preview_erasure(connection: duckdb.DuckDBPyConnection, subject: str) -> Preview:
    """What an erasure of the person would remove.

    Raises:
        WarehouseError: `subjects.find_subject` says when.
    """
    with choose_person(connection, subject) as choice:
        return Preview(_rows_by_type(connection, choice), choice.person.shared_count if choice.person else 0)


def preview_retention(connection: duckdb.DuckDBPyConnection, before: date) -> Preview:
    """What a retention of the days before `before` would remove."""
    with choose_days(connection, before) as choice:
        return Preview(_rows_by_type(connection, choice))


def _rows_by_type(connection: duckdb.DuckDBPyConnection, choice: Choice) -> list[tuple]:
    return connection.execute(_PREVIEW.format(rows=choice.rows)).fetchall()


@contextmanager
def choose_person(connection: duckdb.DuckDBPyConnection, subject: str) -> Iterator[Choice]:
    """All contents of the activities that name the person."""
    person = find_subject(connection, subject)
    with (
        choose(connection, person) as chosen,
        temporary(connection, "removed_rows", _OF_A_PERSON.format(chosen=chosen)) as rows,
    ):
        yield Choice(rows, person=person)


@contextmanager
def choose_days(connection: duckdb.DuckDBPyConnection, before: date) -> Iterator[Choice]:
    """The sealed days before `before`, and their activities.

    Left out is a day of which a failed extract waits to be repeated.
    """
    with temporary(connection, "old_days", _OLD_DAYS, {"before": before}) as days:
        for (source,) in connection.execute(f"select distinct source from {days}").fetchall():
            for interval in unproven(connection, source):
                # A slice lies within a day.
                connection.execute(
                    f"delete from {days} where source = ? and removed_date = ?",
                    [source, interval.start.astimezone(UTC).date()],
                )
        with temporary(connection, "removed_rows", _OF_OLD_DAYS.format(days=days)) as rows:
            yield Choice(rows, days)
