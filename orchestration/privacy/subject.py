"""Identifies the person a request is about, and the records that name them.

A record names a person if one of their user ids or addresses is anywhere in it as a whole word: as actor, claimed
identity or member, in free text, in a URL. `mentions` decides what a whole word is.
"""

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

import duckdb

from orchestration.privacy.mentions import NAMED, Mentions, mentioned
from orchestration.warehouse.errors import WarehouseError
from orchestration.warehouse.temporary import temporary

SHOWN_IDS = 5
_ADDRESS = re.compile(r"[^\s@]{1,64}@[^\s@]{1,255}")
_USER_ID = re.compile(r"[A-Za-z0-9_.:-]{6,200}")

ITEM_KEY = "json_array(source, list_name, parent_id, item_id)::varchar"

# The feed's user ids. An id of another form, which could be any word, is a user's where a field for users has it.
_PREFIX = "user_"
_FIELDS_OF_USERS = r'"(?:(?:[a-z_]+_)?(?:user|owner)|account|member)_ids?"\s*:\s*(?:\[[^\]]*)?"'

_BY_ADDRESS = """
select user_id from marts.users where list_contains(list_transform(emails, lambda one: lower(one)), lower($stated))
order by user_id
"""
# An address that several people have had identifies none of them.
_ADDRESSES = """
with had as (select user_id, lower(unnest(emails)) as email from marts.users)
select email, bool_or(user_id not in (select unnest($user_ids::varchar[]))) as is_shared
from had
group by email
having bool_or(user_id in (select unnest($user_ids::varchar[])))
order by email
"""

# Ids are random, so other capitals mean the same person, unless somebody else has that id.
_RIVALS = """
select user_id from marts.users
where lower(user_id) in (select lower(unnest($user_ids::varchar[]))) and not list_contains($user_ids, user_id)
"""

# People who are not in `marts.users` may still be named, such as a requester of what another granted.
_CONTENTS = """(
    select activity_id, payload from raw.stored_activities
    union all
    select activity_id, payload from raw.activity_revisions
)"""
_IN_A_FIELD = f"""
select 1 from (
    select payload from {_CONTENTS}
    union all
    select payload from raw.quarantined_records
    union all
    select payload from raw.directory_items
)
where regexp_matches(payload, $pattern) limit 1
"""


@dataclass(frozen=True, slots=True)
class Subject:
    """One person: their user ids, their addresses in lower case, and how many more they share with other users.

    `rival_ids` are other users' ids that differ only in case.
    """

    user_ids: tuple[str, ...]
    emails: tuple[str, ...]
    shared_count: int = 0
    rival_ids: tuple[str, ...] = ()

    @property
    def mentions(self) -> Mentions:
        """What finds the person in texts."""
        return Mentions(self.user_ids, self.emails, self.rival_ids)


def find_subject(connection: duckdb.DuckDBPyConnection, stated: str) -> Subject:
    """The person with this user id, or with this address, as `marts.users` knows them.

    A user id that only records know, in whatever field, is a person without known addresses.

    Raises:
        WarehouseError: there is no such user, more than one, or the tables were never built. It never repeats an
            address.
    """
    stated = stated.strip()
    built = connection.execute(
        "select 1 from duckdb_tables() where schema_name = 'marts' and table_name = 'users' "
        "and database_name = current_database()"
    ).fetchall()
    if not built:
        raise WarehouseError("The table of users is not built. Run `make refresh` once, then run again.")
    if _ADDRESS.fullmatch(stated):
        user_ids = [name for (name,) in connection.execute(_BY_ADDRESS, {"stated": stated}).fetchall()]
        if len(user_ids) > 1:
            shown = ", ".join(user_ids[:SHOWN_IDS])
            raise WarehouseError(f"{len(user_ids)} users have had this address: {shown}. Give the user id of one.")
    elif _USER_ID.fullmatch(stated):
        user_ids = [stated]
        if not _is_known(connection, stated):
            raise WarehouseError(
                "There is no user with this id, neither in marts.users nor in a user id field of any record. "
                "Check it, or give an email address."
            )
    else:
        raise WarehouseError("That is neither a user id nor an email address. Give one of the two.")
    found = connection.execute(_ADDRESSES, {"user_ids": user_ids}).fetchall()
    emails = {email for email, is_shared in found if not is_shared and _ADDRESS.fullmatch(email)}
    if "@" in stated:
        emails.add(stated.lower())
    rivals = connection.execute(_RIVALS, {"user_ids": user_ids}).fetchall()
    return Subject(
        tuple(user_ids),
        tuple(sorted(emails)),
        sum(is_shared for _, is_shared in found),
        tuple(one for (one,) in rivals),
    )


def _is_known(connection: duckdb.DuckDBPyConnection, user_id: str) -> bool:
    if connection.execute("select 1 from marts.users where user_id = ?", [user_id]).fetchall():
        return True
    if user_id.startswith(_PREFIX):
        person = Subject((user_id,), ())
        with (
            find_mentions(connection, person) as found,
            find_quarantined(connection, person) as quarantined,
            find_items(connection, person) as items,
        ):
            tables = " union all by name ".join(f"from {one}" for one in (found, quarantined, items))
            query = f"select 1 from ({tables}) where mention = '{NAMED}'"
            return bool(connection.execute(query).fetchall())
    pattern = _FIELDS_OF_USERS + "".join(map(_in_json, user_id)) + '"'
    return bool(connection.execute(_IN_A_FIELD, {"pattern": pattern}).fetchall())


def find_mentions(connection: duckdb.DuckDBPyConnection, subject: Subject) -> AbstractContextManager[str]:
    """As `mentioned`, over all contents of activities: `id` is the activity's."""
    return mentioned(connection, subject.mentions, f"select activity_id as id, payload as text from {_CONTENTS}")


def find_quarantined(connection: duckdb.DuckDBPyConnection, subject: Subject) -> AbstractContextManager[str]:
    """As `mentioned`, over quarantined records: `id` is the SHA-256 of the content."""
    texts = "select sha256(payload) as id, payload as text from raw.quarantined_records where payload is not null"
    return mentioned(connection, subject.mentions, texts)


def find_items(connection: duckdb.DuckDBPyConnection, subject: Subject) -> AbstractContextManager[str]:
    """As `mentioned`, over all that was observed of items of the directory, their ids included.

    `id` is `ITEM_KEY`, so that an item of which one content names the person is found as a whole.
    """
    texts = f"select {ITEM_KEY} as id, concat_ws(' ', item_id, payload) as text from raw.directory_items"
    return mentioned(connection, subject.mentions, texts)


def find_decisions(
    connection: duckdb.DuckDBPyConnection, mentions: Mentions, schema: str = "raw"
) -> AbstractContextManager[str]:
    """As `mentioned`, over subject, author and note of decisions about findings: `id` is the decision's number."""
    texts = (
        "select decision_number as id, concat_ws(' ', subject_id, decided_by, note) as text "
        f"from {schema}.finding_decisions"
    )
    return mentioned(connection, mentions, texts)


@contextmanager
def choose(connection: duckdb.DuckDBPyConnection, subject: Subject) -> Iterator[str]:
    """Yields the name of a temporary table: `activity_id` of each activity that names the person."""
    with (
        find_mentions(connection, subject) as found,
        temporary(
            connection, "chosen", f"select id as activity_id from {found} where mention = '{NAMED}'"
        ) as chosen,
    ):
        yield chosen


def _in_json(character: str) -> str:
    """One character of an id as JSON may have it: itself, or escaped."""
    digits = re.sub("[a-f]", lambda digit: f"[{digit[0]}{digit[0].upper()}]", f"{ord(character):04x}")
    return rf"(?:\x{{{ord(character):x}}}|\\u{digits})"
