"""What the feed says in words, made fit for a log and a ledger: no key, no email, no address, no control codes."""

from __future__ import annotations

import ipaddress
import re
import unicodedata

MAX_LENGTH = 300

_ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b.?")
_KEY = re.compile(r"sk-ant-[\w-]+", re.ASCII)
_EMAIL = re.compile(r"[^\s@<>\"'(),;:\[\]=]+@[^\s@<>\"'(),;:\[\]=]+")
_ADDRESS = re.compile(r"[0-9a-fA-F:.]*[.:][0-9a-fA-F:.]+")


def redact(text: str, key: str, limit: int = MAX_LENGTH) -> str:
    """The text on one line and at most `limit` long; what it must not tell is masked.

    `key` is the one in use; anything of a key's form is masked as well.
    """
    plain = _ESCAPES.sub("", text)
    # Categories C*: control codes, and marks that turn the direction of writing or show nothing at all.
    plain = "".join(" " if mark in "\t\r\n" else mark for mark in plain if _is_shown(mark))
    plain = plain.replace(key, "[key]") if key else plain
    plain = _KEY.sub("[key]", plain)
    plain = _EMAIL.sub("[email]", plain)
    plain = _ADDRESS.sub(_without_address, plain)
    return " ".join(plain.split())[:limit]


def _is_shown(mark: str) -> bool:
    return mark in "\t\r\n" or not unicodedata.category(mark).startswith("C")


def _without_address(found: re.Match[str]) -> str:
    word = found[0]
    for candidate in (word, word.rstrip(":."), word.rsplit(":", 1)[0]):
        try:
            ipaddress.ip_address(candidate)
        except ValueError:
            continue
        return "[address]" + word[len(candidate) :]
    return word
