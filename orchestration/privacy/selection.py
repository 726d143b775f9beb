"""Selects the rows that a removal takes: those that name a person, or those of old days."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date

import duckdb

from orchestration.privacy.mentions import NAMED, NEAR
from orchestration.privacy.subject import (
    ITEM_KEY,
    Subject,
    find_decisions,
    find_items,
    find_mentions,
    find_quarantined,
    find_subject,
)
from orchestration.terminal import printable
from orchestration.warehouse.ledger import unproven
from orchestration.warehouse.temporary import temporary

SHOWN_NEAR_MISSES = 20
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

_OF_A_PERSON = f"""
with chosen as (select id as activity_id from {{mentions}} where mention = '{NAMED}')
select
    'activities' as table_name, source, activity_id, activity_type, created_at, payload_sha256, extract_id,
    ingest_seq
from raw.activities semi join chosen using (activity_id)
union all
select 'activity_revisions', source, activity_id, activity_type, created_at, payload_sha256, extract_id, ingest_seq
from raw.activity_revisions semi join chosen using (activity_id)
"""

_NEAR_MISSES = f"""
select substr(mention, {len(NEAR) + 2}) as word, min(id), count(*) as activity_count
from {{mentions}}
where mention <> '{NAMED}'
group by word
order by activity_count desc, word
"""

_OLD_DAYS = """
select source, sealed_date as removed_date, arg_max(seal_sha256, seal_number) as seal_sha256
from raw.day_seals
anti join raw.removed_days
    on day_seals.source = removed_days.source and day_seals.sealed_date = removed_days.removed_date
where sealed_date < $before
group by all
"""

_ITEM_COLUMNS = (
    "source, list_name, parent_id, item_id, walk_id, is_present, payload_sha256, observed_at, ingest_seq"
)
_ITEMS_OF_A_PERSON = f"""
select rowid as item_row, {_ITEM_COLUMNS} from raw.directory_items
where {ITEM_KEY} in (select id from {{mentions}} where mention = '{NAMED}')
"""

# Replaced or gone before the first kept day. What was true on that day stays.
_OLD_ITEMS = f"""
with versions as (
    select
        rowid as item_row, {_ITEM_COLUMNS},
        lead(observed_at) over (partition by source, list_name, parent_id, item_id order by ingest_seq) as until
    from raw.directory_items
)
select * exclude (until) from versions where coalesce(until, if(is_present, null, observed_at)) < $before
"""

_ITEMS_BY_LIST = "select list_name, count(*) from {items} group by list_name order by list_name"

# A quarantined record has no time of its own, so the time of its slice counts.
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
    """Preview of a removal: activities and revisions by type, with the first and last day of each.

    `near_misses` stay: longer words that contain an id or address of the person, an activity with the word, and
    the number of activities with it. `items`: how many rows of each list of the directory would be removed.
    """

    rows: list[tuple[str | None, int, int, date, date]]
    person: Subject | None = None
    near_misses: list[tuple[str, str, int]] = field(default_factory=list)
    items: list[tuple[str, int]] = field(default_factory=list)

    @property
    def activity_count(self) -> int:
        """All of them."""
        return sum(row[1] for row in self.rows)

    def describe(self) -> Iterator[str]:
        """The counts, a line for each type, and the sum."""
        for kind, activities, revisions, first, last in self.rows:
            yield f"  {printable(kind or 'without a type'):<48}{activities:>10,}{revisions:>8,}  {first} to {last}"
        yield f"{self.activity_count:,} activities would be removed, and the revisions of them."
        if self.items:
            lists = ", ".join(f"{count:,} of {name}" for name, count in self.items)
            yield f"{sum(count for _, count in self.items):,} rows of the directory would be removed: {lists}."
        if self.person and self.person.shared_count:
            yield (
                f"{self.person.shared_count} address(es) are shared with other users: records that name one of "
                "these alone are not among them."
            )
        if self.near_misses:
            yield "These stay, where an id or address is only part of a longer word. Run this for the word to go:"
        for word, activity_id, count in self.near_misses[:SHOWN_NEAR_MISSES]:
            yield f"  {printable(word):<48}{count:>10,}  such as {printable(activity_id)}"
        if (more := len(self.near_misses) - SHOWN_NEAR_MISSES) > 0:
            yield f"  and {more:,} more words"

    @property
    def user_ids(self) -> tuple[str, ...]:
        """Those of the person whom an erasure is about."""
        return self.person.user_ids if self.person else ()


@dataclass(frozen=True, slots=True)
class Choice:
    """What a removal takes, as names of temporary tables: the rows without their payloads, those of the directory
    likewise, and the days of a retention. `person` is whom an erasure is about."""

    rows: str
    items: str
    days: str | None = None
    person: Subject | None = None
    quarantined_hashes: str | None = None
    decisions: str | None = None

    @property
    def quarantined(self) -> tuple[str, dict[str, str]]:
        """The condition, with its parameters, for the quarantined records that are taken as well."""
        if self.quarantined_hashes is None:
            return f"payload is not null and extract_id in ({_OF_OLD_EXTRACTS.format(days=self.days)})", {}
        return f"sha256(payload) in (select id from {self.quarantined_hashes} where mention = '{NAMED}')", {}

    @property
    def is_anything(self) -> tuple[str, dict[str, str]]:
        """A query, with its parameters, for whether anything is taken."""
        condition, parameters = self.quarantined
        return (
            f"select exists (from {self.days or self.rows}) or exists (from {self.items}) "
            f"or exists (from raw.quarantined_records where {condition})"
            + (f" or exists (from {self.decisions} where mention = '{NAMED}')" if self.decisions else "")
        ), parameters


def preview_erasure(connection: duckdb.DuckDBPyConnection, subject: str) -> Preview:
    """Preview an erasure of the person.

    Raises:
        WarehouseError: `subject.find_subject` says when.
    """
    person = find_subject(connection, subject)
    with find_mentions(connection, person) as mentions, _chosen(connection, person, mentions) as choice:
        near = connection.execute(_NEAR_MISSES.format(mentions=mentions)).fetchall()
        return Preview(_rows_by_type(connection, choice), person, near, _items_by_list(connection, choice))


def preview_retention(connection: duckdb.DuckDBPyConnection, before: date) -> Preview:
    """Preview a retention of the days before `before`."""
    with choose_days(connection, before) as choice:
        return Preview(_rows_by_type(connection, choice), items=_items_by_list(connection, choice))


def _rows_by_type(connection: duckdb.DuckDBPyConnection, choice: Choice) -> list[tuple]:
    return connection.execute(_PREVIEW.format(rows=choice.rows)).fetchall()


def _items_by_list(connection: duckdb.DuckDBPyConnection, choice: Choice) -> list[tuple]:
    return connection.execute(_ITEMS_BY_LIST.format(items=choice.items)).fetchall()


@contextmanager
def choose_person(connection: duckdb.DuckDBPyConnection, subject: str) -> Iterator[Choice]:
    """Select all contents of the activities and directory items that name the person."""
    person = find_subject(connection, subject)
    with find_mentions(connection, person) as mentions, _chosen(connection, person, mentions) as choice:
        yield choice


@contextmanager
def _chosen(connection: duckdb.DuckDBPyConnection, person: Subject, mentions: str) -> Iterator[Choice]:
    """`mentions` is the table of the activities that name the person."""
    with (
        temporary(connection, "removed_rows", _OF_A_PERSON.format(mentions=mentions)) as rows,
        find_items(connection, person) as named,
        temporary(connection, "removed_items", _ITEMS_OF_A_PERSON.format(mentions=named)) as items,
        find_quarantined(connection, person) as quarantined,
        find_decisions(connection, person.mentions) as decisions,
    ):
        yield Choice(rows, items, person=person, quarantined_hashes=quarantined, decisions=decisions)


@contextmanager
def choose_days(connection: duckdb.DuckDBPyConnection, before: date) -> Iterator[Choice]:
    """Select the sealed days before `before`, their activities, and directory items that ended before.

    Days that a failed extract waits to repeat are left out.
    """
    with temporary(connection, "old_days", _OLD_DAYS, {"before": before}) as days:
        for (source,) in connection.execute(f"select distinct source from {days}").fetchall():
            for interval in unproven(connection, source):
                # A slice lies within a day.
                connection.execute(
                    f"delete from {days} where source = ? and removed_date = ?",
                    [source, interval.start.astimezone(UTC).date()],
                )
        with (
            temporary(connection, "removed_rows", _OF_OLD_DAYS.format(days=days)) as rows,
            temporary(connection, "removed_items", _OLD_ITEMS, {"before": before}) as items,
        ):
            yield Choice(rows, items, days)
