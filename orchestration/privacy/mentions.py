"""Finds the user ids and addresses of one person in the text of records, in two steps.

`Mentions.scan` is a regular expression with which DuckDB finds every text that may have one, in whatever escapes.
It finds too much, and takes no memory. `Mentions.find` decides on these texts alone: it decodes them and looks at
what comes before and after.
"""

import html
import re
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any
from urllib.parse import unquote

import duckdb

from orchestration.warehouse.temporary import temporary

NAMED, NEAR = "named", "near"
MAX_DECODINGS = 12
MAX_TOKEN = 80
IDS_AT_ONCE = 10_000

_JSON_ESCAPE = re.compile(r'\\(?:u([0-9a-fA-F]{4})|([bfnrt])|(["\\/]))')
_SURROGATES = re.compile("[\ud800-\udbff][\udc00-\udfff]")
# Where a plus means a space: in the query of a URL, and in a form.
_FORM_VALUE = re.compile(r"(?<=[?&=])[^\s\"'<>#&=]*")

# Invisible characters: soft hyphens, zero-width characters, direction marks.
_INVISIBLE = re.compile("[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]")
# The dots that the names of domains may have (IDNA) beside those that are compatible with a full stop.
_DOTS = str.maketrans(dict.fromkeys("\u3002\uff61", "."))
_QUOTED_LOCAL = re.compile(r'"([^\s"@]{1,64})"(?=@)')

# What a longer local part may have before the address. Doubled (`--`, `..`) it is punctuation of a text.
_LOCAL_PUNCTUATION = re.compile(r"[._%+'-]*$")
_MAX_LOCAL = 64
_TOKEN = re.compile(r"[^\s\"<>(){}\[\],;\\]*")


@dataclass(frozen=True)
class Mentions:
    """The user ids and addresses to look for. `rival_ids` are other people's ids that differ only in case."""

    user_ids: tuple[str, ...]
    emails: tuple[str, ...]
    rival_ids: tuple[str, ...] = ()

    @property
    def scan(self) -> str:
        """A regular expression (RE2) that finds every text that may have a mention, however it is escaped."""
        writings = [*map(_any_writing, self.user_ids), *map(_any_writing_of_address, self._addresses)]
        return f"(?i)(?:{'|'.join((*writings, _STRANGE))})" if writings else "[^\\s\\S]"

    @cached_property
    def _addresses(self) -> tuple[str, ...]:
        """The addresses, each also with the name of its domain as the network has it, and as people read it."""
        return tuple(dict.fromkeys(one for email in self.emails for one in _ways_to_write(email)))

    @cached_property
    def _whole_ids(self) -> re.Pattern[str]:
        return re.compile("|".join(map(_whole_id, self.user_ids)) or "(?!)")

    @cached_property
    def _whole_ends(self) -> re.Pattern[str]:
        """The addresses, unless the domain continues; what precedes them is checked afterwards."""
        names = "|".join(re.escape(_folded(one)) for one in self._addresses)
        return re.compile(rf"(?:{names})(?![^\W_]|[-.][^\W_])" if names else "(?!)")

    @cached_property
    def _near(self) -> re.Pattern[str]:
        names = [re.escape(_folded(one)) for one in self.user_ids]
        for local, _, domain in (_folded(one).rpartition("@") for one in self._addresses):
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
            for folded in _foldings(written):
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
        f"select id, text from ({query}) where regexp_matches(text, $scan)", {"scan": mentions.scan}
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
    """The text without differences that people cannot see or that mail ignores."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).translate(_DOTS)
    return _QUOTED_LOCAL.sub(r"\1", text).casefold()


def _foldings(text: str) -> Iterator[str]:
    """The text folded; invisible characters may be inside a word or between two."""
    yield _folded(text)
    if not text.isascii() and (plain := _INVISIBLE.sub("", text)) != text:
        yield _folded(plain)


def _ways_to_write(email: str) -> Iterator[str]:
    yield email
    local, _, domain = _folded(email).rpartition("@")
    yield f"{local}@{domain}"
    for encode in (lambda: domain.encode("idna").decode(), lambda: domain.encode().decode("idna")):
        with suppress(UnicodeError):
            yield f"{local}@{encode().lower()}"


def _whole_id(user_id: str) -> str:
    """The id between characters that its kind of id cannot have: a hyphen continues a UUID, but not `user_01`."""
    kind = user_id.removeprefix("user_")
    more = "".join(one for one in "-_.:" if one in kind)
    inside = rf"(?:[^\W_]|[{re.escape(more)}]+[^\W_])" if more else r"[^\W_]"
    before = rf"(?<![^\W_])(?<![^\W_][{re.escape(more)}])" if more else r"(?<![^\W_])"
    return f"{before}{re.escape(_folded(user_id))}(?!{inside})"


def _begins_here(text: str, start: int) -> bool:
    """Whether the address at `start` is not the end of a longer local part."""
    before = text[max(start - _MAX_LOCAL, 0) : start]
    punctuation = _LOCAL_PUNCTUATION.search(before)
    run = punctuation[0] if punctuation else ""
    return "--" in run or ".." in run or not before[: len(before) - len(run)][-1:].isalnum()


def _token(text: str, found: re.Match[str]) -> str:
    """The word around a match, shortened if it is long."""
    start = max(found.start() - MAX_TOKEN, 0)
    before = re.search(r"[^\s\"<>(){}\[\],;\\]*$", text[start : found.start()])
    after = _TOKEN.match(text, found.end(), found.end() + MAX_TOKEN)
    return (before[0] if before else "") + found[0] + (after[0] if after else "")


def _any_writing(name: str) -> str:
    return "".join(map(_any_character, name.lower()))


def _any_writing_of_address(address: str) -> str:
    """The address, also with a tag after a plus, which makes another address (`ada+news@…`), and in quotes."""
    local, _, domain = address.rpartition("@")
    more = rf'(?:{_any_character("+")}[^"@]{{0,{_MAX_LOCAL}}}?)?(?:\\*{_any_character(chr(34))})?'
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
    if character == ".":
        writings.append(r"[\x{3002}\x{ff61}]|\\+u(?:3002|ff61)")
    return f"(?:{'|'.join(writings)})"


_PERCENT = "%(?:25)*"
# What `_any_character` has no room for, so that the exact step decides on such a text: characters that are left
# out or replaced before it looks, themselves or escaped; and what begins an escape, escaped in another way.
_STRANGE = "|".join(
    (
        r"[\x{ad}\x{61c}\x{180e}\x{200b}-\x{200f}\x{202a}-\x{202e}\x{2060}-\x{206f}\x{feff}]",
        r"[\x{fe50}-\x{fe6b}\x{ff0b}-\x{ff5e}]",
        r"\\+u(?:00ad|061c|180e|200[b-f]|202[a-e]|206[0-9a-f]|feff|fe[56][0-9a-f]|ff[0-5][0-9a-f])",
        rf"{_PERCENT}(?:c2{_PERCENT}ad|e2{_PERCENT}8[01]|ef{_PERCENT}b[b-d])",
        r"&(?:amp;)*(?:shy|zwn?j|lrm|rlm|#0*(?:173|82[0-9]{2}|65[0-9]{3})|#x0*(?:ad|20[0-6][0-9a-f]|f[ef][0-9a-f]{2}));",
        r"\\+u00(?:25|5c|26(?:amp;)*(?:#|[a-z]{2,8};))",
        rf"{_PERCENT}5c(?:{_PERCENT}5c)*(?:u00|{_PERCENT}75)",
        rf"{_PERCENT}26(?:amp(?:;|{_PERCENT}3b))*(?:#|{_PERCENT}23|[a-z]{{2,8}}(?:;|{_PERCENT}3b))",
        r"&(?:amp;)*(?:percnt;|bsol;|#(?:x0*(?:25|5c)|0*(?:37|92));?)",
    )
)
