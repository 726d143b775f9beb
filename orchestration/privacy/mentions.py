"""Finds the user ids and addresses of one person in the text of records, in two steps.

`Mentions.scan` is a regular expression with which DuckDB finds every text that may have one, in whatever escapes.
It finds too much, and takes no memory. `Mentions.find` decides on these texts alone: it decodes them and looks at
what comes before and after.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any
from urllib.parse import unquote

import duckdb

from orchestration.warehouse.temporary import temporary

NAMED, NEAR = "named", "near"
MAX_DECODINGS = 5
MAX_TOKEN = 80
IDS_AT_ONCE = 10_000

_JSON_ESCAPE = re.compile(r'\\(?:u([0-9a-fA-F]{4})|([bfnrt])|(["\\/]))')
_SURROGATES = re.compile("[\ud800-\udbff][\udc00-\udfff]")
# Where a plus stands for a space: in the query of a URL, and in a form.
_FORM_VALUE = re.compile(r"(?<=[?&=])[^\s\"'<>#&=]*")

# What a longer local part may have before the address. Twice the same (`--`, `..`) is punctuation of a text.
_LOCAL_PUNCTUATION = re.compile(r"[._%+'-]*$")
_MAX_LOCAL = 64
_TOKEN = re.compile(r"[^\s\"<>(){}\[\],;\\]*")


@dataclass(frozen=True)
class Mentions:
    """The user ids and addresses to look for. `rival_ids` are ids of others that differ in capitals alone."""

    user_ids: tuple[str, ...]
    emails: tuple[str, ...]
    rival_ids: tuple[str, ...] = ()

    @property
    def scan(self) -> str:
        """A regular expression (RE2) that finds every text that may have a mention, however it is escaped."""
        writings = [*map(_any_writing, self.user_ids), *map(_any_writing_of_address, self.emails)]
        return f"(?i)(?:{'|'.join(writings)})" if writings else "[^\\s\\S]"

    @cached_property
    def _whole_ids(self) -> re.Pattern[str]:
        return re.compile("|".join(map(_whole_id, self.user_ids)) or "(?!)")

    @cached_property
    def _whole_ends(self) -> re.Pattern[str]:
        """The addresses where no longer domain goes on; what stands before them is looked at afterwards."""
        names = "|".join(re.escape(_folded(one)) for one in self.emails)
        return re.compile(rf"(?:{names})(?![^\W_]|[-.][^\W_])" if names else "(?!)")

    @cached_property
    def _near(self) -> re.Pattern[str]:
        names = [re.escape(_folded(one)) for one in self.user_ids]
        for local, _, domain in (_folded(one).rpartition("@") for one in self.emails):
            names.append(rf"{re.escape(local)}(?:\+[^\s\"@]{{0,{_MAX_LOCAL}}})?@{re.escape(domain)}")
        return re.compile("|".join(names) or "(?!)")

    def find(self, text: str | None) -> str | None:
        """`named` where the text names the person; `near:` and a word where only a longer word contains a name."""
        if text is None:
            return None
        near = None
        for written in _readings(text):
            for one in self.rival_ids:
                written = written.replace(one, "\0")
            folded = _folded(written)
            if self._is_named(folded):
                return NAMED
            if near is None and (found := self._near.search(folded)):
                near = f"{NEAR}:{_token(folded, found)}"
        return near

    def _is_named(self, folded: str) -> bool:
        return self._whole_ids.search(folded) is not None or any(
            _begins_here(folded, found.start()) for found in self._whole_ends.finditer(folded)
        )


@contextmanager
def mentioned(connection: duckdb.DuckDBPyConnection, mentions: Mentions, query: str) -> Iterator[str]:
    """Decides on the texts that the scan leaves of a query for `id` and `text`.

    Yields the name of a temporary table: `id` and `mention`, one row per id, `named` where any of its texts is.
    Texts are read one at a time; only ids are kept.
    """
    rows = connection.execute(
        f"select id, text from ({query}) where regexp_matches(text, $scan)",
        {"scan": mentions.scan},
    )
    found: dict[Any, str] = {}
    for one, text in iter(rows.fetchone, None):
        mention = mentions.find(text) if found.get(one) != NAMED else None
        if mention:
            found[one] = mention
    with temporary(connection, "mentioned", f"select id, ''::varchar as mention from ({query}) limit 0") as table:
        for some in _batched(found.items()):
            ids, words = zip(*some, strict=True)
            connection.execute(f"insert into {table} select unnest($1), unnest($2)", [list(ids), list(words)])
        yield table


def _batched(items: Iterable[tuple[Any, str]]) -> Iterator[list[tuple[Any, str]]]:
    """The items in lists of bounded length."""
    rest = iter(items)
    while some := list(islice(rest, IDS_AT_ONCE)):
        yield some


def _readings(text: str) -> Iterator[str]:
    """The text, and what it is after each decoding of JSON's, URL's and HTML's escapes, which may be nested."""
    for _ in range(MAX_DECODINGS):
        yield text
        unescaped = html.unescape(_unescaped(text))
        if "%" in unescaped:
            yield unescaped
            if "+" in unescaped:
                yield unquote(_with_spaces(unescaped))
            decoded = unquote(unescaped)
        else:
            decoded = unescaped
        if "+" in decoded:
            yield _with_spaces(decoded)
        if decoded == text:
            return
        text = decoded
    yield text


def _unescaped(text: str) -> str:
    if "\\" not in text:
        return text
    found = _JSON_ESCAPE.sub(lambda one: chr(int(one[1], 16)) if one[1] else " " if one[2] else one[3], text)
    return _SURROGATES.sub(lambda one: one[0].encode("utf-16", "surrogatepass").decode("utf-16"), found)


def _with_spaces(text: str) -> str:
    return _FORM_VALUE.sub(lambda value: value[0].replace("+", " "), text)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()


def _whole_id(user_id: str) -> str:
    """The id between characters that its kind of id cannot have: a hyphen continues a UUID, but not `user_01`."""
    kind = user_id.removeprefix("user_")
    more = "".join(one for one in "-_.:" if one in kind)
    inside = rf"(?:[^\W_]|[{re.escape(more)}]+[^\W_])" if more else r"[^\W_]"
    before = rf"(?<![^\W_])(?<![^\W_][{re.escape(more)}])" if more else r"(?<![^\W_])"
    return f"{before}{re.escape(_folded(user_id))}(?!{inside})"


def _begins_here(text: str, start: int) -> bool:
    """Whether no longer local part ends in the address at `start`."""
    before = text[max(start - _MAX_LOCAL, 0) : start]
    punctuation = _LOCAL_PUNCTUATION.search(before)
    run = punctuation[0] if punctuation else ""
    return "--" in run or ".." in run or not before[: len(before) - len(run)][-1:].isalnum()


def _token(text: str, found: re.Match[str]) -> str:
    """The word around a match, cut where it is long."""
    start = max(found.start() - MAX_TOKEN, 0)
    before = re.search(r"[^\s\"<>(){}\[\],;\\]*$", text[start : found.start()])
    after = _TOKEN.match(text, found.end(), found.end() + MAX_TOKEN)
    return (before[0] if before else "") + found[0] + (after[0] if after else "")


def _any_writing(name: str) -> str:
    return "".join(map(_any_character, name.lower()))


def _any_writing_of_address(address: str) -> str:
    """The address, also with a tag after a plus, which makes another address (`ada+news@…`)."""
    local, _, domain = address.rpartition("@")
    more = rf'(?:{_any_character("+")}[^"@]{{0,{_MAX_LOCAL}}}?)?'
    return _any_writing(local) + more + _any_writing(f"@{domain}")


def _any_character(character: str) -> str:
    r"""One character as itself or in escapes of any depth: `\u0040`, `%2540`, `&#64;`, `&commat;`."""
    if not character.isascii():
        # Its forms are many, composed or not; the exact step decides.
        return r'[^"]{1,40}'
    codes = sorted({f"{ord(one):02x}" for one in (character, character.upper())})
    numbers = sorted({str(ord(one)) for one in (character, character.upper())})
    either, number = "|".join(codes), "|".join(numbers)
    writings = [
        f"\\x{{{ord(character):x}}}",
        rf"\\+u00(?:{either})",
        rf"%(?:25)*(?:{either})",
        rf"&(?:amp;)*#(?:x0*(?:{either})|0*(?:{number}));?",
    ]
    if not character.isalnum():
        writings.append(r"&(?:amp;)*[a-z]{2,8};")
    if character in "/":
        writings.append(r"\\+/")
    return f"(?:{'|'.join(writings)})"
