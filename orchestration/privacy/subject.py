"""Whom a request of a person is about, and which stored records name them.

A record names a person where one of their user ids or addresses stands anywhere in it, as a whole: as actor, as
claimed, as somebody added or removed, in a free text. It is looked for in the record's own text, so that JSON's
escapes (`\\u0040` for `@`) and capitals in addresses do not hide it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb

from orchestration.warehouse.errors import WarehouseError
from orchestration.warehouse.temporary import temporary

SHOWN_IDS = 5
_ADDRESS = re.compile(r"[^\s@]{1,64}@[^\s@]{1,255}")
_USER_ID = re.compile(r"[A-Za-z0-9_.:-]{6,200}")

# The feed's user ids. An id of another form, which could be any word, is a user's where a field for users has it.
_PREFIX = "user_"
_FIELDS_OF_USERS = r'"(?:(?:[a-z_]+_)?(?:user|owner)|account|member)_ids?"\s*:\s*(?:\[[^\]]*)?"'

# What may stand before and after: no character of a longer id or address. Single quotes are in some addresses
# (`o'brien@…`) and around others; a full stop may end a sentence. After a backslash a letter is an escape.
_BEFORE = r"(?:^|[^A-Za-z0-9._%+'-]|(?:^|[^A-Za-z0-9])'|\\[bfnrt]|\\u[0-9a-fA-F]{4})"
_AFTER = r"(?:$|[^A-Za-z0-9._-]|\.(?:$|[^A-Za-z0-9]))"

_BY_ADDRESS = """
select user_id from marts.users where list_contains(list_transform(emails, lambda one: lower(one)), lower($told))
order by user_id
"""
# An address that several people have had, one after the other, says nothing of any of them.
_ADDRESSES = """
with had as (select user_id, lower(unnest(emails)) as email from marts.users)
select email, bool_or(user_id not in (select unnest($user_ids::varchar[]))) as is_shared
from had
group by email
having bool_or(user_id in (select unnest($user_ids::varchar[])))
order by email
"""

# Who is not in `marts.users` may be named all the same, such as who asked for something that another granted.
_NAMED = """
select 1 from (
    select payload from raw.stored_activities
    union all
    select payload from raw.activity_revisions
    union all
    select payload from raw.quarantined_records
)
where regexp_matches(payload, $pattern)
limit 1
"""

_CHOOSE = """
select activity_id from raw.stored_activities where regexp_matches(payload, $pattern)
union
select activity_id from raw.activity_revisions where regexp_matches(payload, $pattern)
"""


@dataclass(frozen=True, slots=True)
class Subject:
    """One person: their user ids, their addresses in lower case, and how many more they share with other users."""

    user_ids: tuple[str, ...]
    emails: tuple[str, ...]
    shared_count: int = 0

    @property
    def pattern(self) -> str:
        """The regular expression (RE2) that finds them in JSON text."""
        names = [_escaped(one, any_case=False) for one in self.user_ids]
        names += [_escaped(one, any_case=True) for one in self.emails]
        return f"{_BEFORE}(?:{'|'.join(names)}){_AFTER}"


def find_subject(connection: duckdb.DuckDBPyConnection, told: str) -> Subject:
    """The person with this user id, or with this address, as `marts.users` knows them.

    A user id that only records know, in whatever field, is a person without known addresses.

    Raises:
        WarehouseError: there is no such user, more than one, or the tables were never built. It never repeats an
            address.
    """
    told = told.strip()
    built = connection.execute(
        "select 1 from duckdb_tables() where schema_name = 'marts' and table_name = 'users' "
        "and database_name = current_database()"
    ).fetchall()
    if not built:
        raise WarehouseError("The table of users is not built. Run `make refresh` once, then run again.")
    if _ADDRESS.fullmatch(told):
        user_ids = [name for (name,) in connection.execute(_BY_ADDRESS, {"told": told}).fetchall()]
        if len(user_ids) > 1:
            shown = ", ".join(user_ids[:SHOWN_IDS])
            raise WarehouseError(f"{len(user_ids)} users have had this address: {shown}. Name one by its user id.")
    elif _USER_ID.fullmatch(told):
        user_ids = [told]
        if not _is_known(connection, told):
            raise WarehouseError(
                "There is no user with this id, neither in marts.users nor in a field for the ids of users of any "
                "record. Check it, or name an address."
            )
    else:
        raise WarehouseError("That is no user id and no email address. Name one person by one of the two.")
    found = connection.execute(_ADDRESSES, {"user_ids": user_ids}).fetchall()
    emails = {email for email, is_shared in found if not is_shared and _ADDRESS.fullmatch(email)}
    if "@" in told:
        emails.add(told.lower())
    return Subject(tuple(user_ids), tuple(sorted(emails)), sum(is_shared for _, is_shared in found))


def _is_known(connection: duckdb.DuckDBPyConnection, user_id: str) -> bool:
    if connection.execute("select 1 from marts.users where user_id = ?", [user_id]).fetchall():
        return True
    if user_id.startswith(_PREFIX):
        pattern = Subject((user_id,), ()).pattern
    else:
        pattern = _FIELDS_OF_USERS + _escaped(user_id, any_case=False) + '"'
    return bool(connection.execute(_NAMED, {"pattern": pattern}).fetchall())


@contextmanager
def choose(connection: duckdb.DuckDBPyConnection, subject: Subject) -> Iterator[str]:
    """Yields the name of a temporary table: `activity_id` of each activity of which a content names the person."""
    with temporary(connection, "chosen", _CHOOSE, {"pattern": subject.pattern}) as chosen:
        yield chosen


def _escaped(text: str, *, any_case: bool) -> str:
    return "".join(_character(one, any_case) for one in text)


def _character(character: str, any_case: bool) -> str:
    """One character as JSON may have it: itself, or escaped."""
    forms = {character, *((character.lower(), character.upper()) if any_case else ())}
    written = []
    for form in sorted(one for one in forms if len(one) == 1):
        units = form.encode("utf-16-be").hex()
        digits = re.sub("[a-f]", lambda digit: f"[{digit[0]}{digit[0].upper()}]", units)
        # A digit may have become a class of two: four of either make a unit.
        escapes = re.sub(r"((?:\[..\]|.){4})", r"\\\\u\1", digits)
        written += [f"\\x{{{ord(form):x}}}", escapes]
        if form == "/":
            written.append(r"\\/")
    return f"(?:{'|'.join(written)})"
