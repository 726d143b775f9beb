"""Which rows a removal takes: those that name a person, or those of old days.

They stand in the temporary table `removed_rows`, without their payloads; the days of a retention in `old_days`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date

import duckdb

from orchestration.intervals import Interval
from orchestration.privacy.subject import Subject, choose, find_subject
from orchestration.warehouse.ledger import unproven

_PREVIEW = """
select
    activity_type,
    count(*) filter (where table_name = 'activities') as activity_count,
    count(*) filter (where table_name <> 'activities'),
    min(created_at)::date,
    max(created_at)::date
from removed_rows
group by activity_type
order by activity_count desc, activity_type
"""

_OF_A_PERSON = """
create or replace temp table removed_rows as
select
    'activities' as table_name, source, activity_id, activity_type, created_at, payload_sha256, extract_id,
    ingest_seq
from raw.activities semi join chosen using (activity_id)
union all
select 'activity_revisions', source, activity_id, activity_type, created_at, payload_sha256, extract_id, ingest_seq
from raw.activity_revisions semi join chosen using (activity_id)
"""

_OLD_DAYS = """
create or replace temp table old_days as
select source, sealed_date as removed_date, arg_max(seal_sha256, seal_number) as seal_sha256
from raw.day_seals
anti join raw.removed_days
    on day_seals.source = removed_days.source and day_seals.sealed_date = removed_days.removed_date
where sealed_date < $before
group by all
"""

_OF_OLD_DAYS = """
create or replace temp table removed_rows as
with taken as (
    select activities.*, removed_date
    from raw.activities
    join old_days on activities.source = old_days.source and created_at::date = removed_date
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


def preview_erasure(connection: duckdb.DuckDBPyConnection, subject: str) -> Preview:
    """What an erasure of the person would remove.

    Raises:
        WarehouseError: `subjects.find_subject` says when.
    """
    person = choose_person(connection, subject)
    return Preview(connection.execute(_PREVIEW).fetchall(), person.shared_count)


def preview_retention(connection: duckdb.DuckDBPyConnection, before: date) -> Preview:
    """What a retention of the days before `before` would remove."""
    choose_days(connection, before)
    return Preview(connection.execute(_PREVIEW).fetchall())


def choose_person(connection: duckdb.DuckDBPyConnection, subject: str) -> Subject:
    """Fill `removed_rows` with all contents of the activities that name the person."""
    person = find_subject(connection, subject)
    choose(connection, person)
    connection.execute(_OF_A_PERSON)
    return person


def choose_days(connection: duckdb.DuckDBPyConnection, before: date) -> None:
    """Fill `old_days` with the sealed days before `before`, and `removed_rows` with their activities.

    Left out is a day of which a failed walk waits to be repeated.
    """
    connection.execute(_OLD_DAYS, {"before": before})
    for (source,) in connection.execute("select distinct source from old_days").fetchall():
        for piece in unproven(connection, source):
            _keep_day(connection, source, piece)
    connection.execute(_OF_OLD_DAYS)


def _keep_day(connection: duckdb.DuckDBPyConnection, source: str, piece: Interval) -> None:
    """A slice lies within a day."""
    connection.execute(
        "delete from old_days where source = ? and removed_date = ?", [source, piece.start.astimezone(UTC).date()]
    )
