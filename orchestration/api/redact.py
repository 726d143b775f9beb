"""Makes text from the feed safe to log and store: no key, email, IP address or control code."""

from __future__ import annotations

import base64
import ipaddress
import re
import unicodedata
from functools import lru_cache

MAX_LENGTH = 300

_ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b.?")
_KEY = re.compile(r"sk-ant-[\w-]+", re.ASCII | re.IGNORECASE)
_EMAIL = re.compile(r"[^\s@<>\"'(),;:\[\]=]+@[^\s@<>\"'(),;:\[\]=]+")
_ADDRESS = re.compile(r"[0-9a-fA-F:.]*[.:][0-9a-fA-F:.]+")


def redact(text: str, key: str, limit: int = MAX_LENGTH) -> str:
    """The text on one line and at most `limit` long, with secrets and personal data masked.

    `key` is the one in use; anything of a key's form is masked as well.
    """
    plain = _ESCAPES.sub("", text)
    # Categories C*: control codes, and marks that turn the direction of writing or show nothing at all.
    plain = "".join(" " if mark in "\t\r\n" else mark for mark in plain if _is_shown(mark))
    if key:
        plain = _key_forms(key).sub("[key]", plain)
    plain = _KEY.sub("[key]", plain)
    # Looking for addresses in one long word takes the square of its length; what is not kept need not be masked.
    plain = _EMAIL.sub("[email]", plain[: 10 * limit])
    plain = _ADDRESS.sub(_without_address, plain)
    return " ".join(plain.split())[:limit]


def holds_key(text: str, key: str) -> bool:
    """Whether the key is in the text, as it is or encoded."""
    return bool(key) and _key_forms(key).search(text) is not None


@lru_cache(maxsize=16)
def _key_forms(key: str) -> re.Pattern[str]:
    """Finds the key in a text: in any case, with escapes, in hex, and in base64.

    Blanks, quotes and separators between its characters do not hide it. Base64 is found whatever stands before the
    key in what was encoded, with the characters around it, which hold bits of its first and last bytes.
    """
    written = _joined([_character(one) for one in key])
    digits = _joined([rf"(?:\\x|0x|%)?{byte:02x}" for byte in key.encode()])
    encoded = "|".join(
        _joined([_base64_character(one) for one in core])
        for text in {key, key.lower(), key.upper()}
        for core in _base64_cores(text.encode())
    )
    return re.compile(rf"(?i:{written}|{digits})|[\w+/-]{{0,2}}(?:{encoded})[\w+/=-]{{0,4}}")


def _joined(parts: list[str]) -> str:
    return r"[\s\"'`:,+&]{0,6}".join(parts)


def _character(one: str) -> str:
    """The character itself, or as a URL, JSON or HTML escapes it; percent signs may be escaped again."""
    forms = {f"{ord(case):x}" for case in (one.lower(), one.upper())}
    numbers = {f"{ord(case)}" for case in (one.lower(), one.upper())}
    hex_forms, decimal_forms = "|".join(sorted(forms)), "|".join(sorted(numbers))
    return (
        rf"(?:{re.escape(one)}|(?:%(?:25)*|\\x)(?:{hex_forms})|\\+u00(?:{hex_forms})"
        rf"|&#x0*(?:{hex_forms});?|&#0*(?:{decimal_forms});?)"
    )


def _base64_cores(text: bytes) -> list[str]:
    """What base64 makes of the bytes, without what depends on the bytes around them: one for each alignment."""
    cores = []
    for shift in range(3):
        encoded = base64.b64encode(bytes(shift) + text).decode().rstrip("=")
        end = (shift + len(text)) * 8 // 6
        cores.append(encoded[-(-shift * 8 // 6) : end])
    return cores


def _base64_character(one: str) -> str:
    return {"+": r"(?:[+-]|%2[bB])", "/": r"(?:[/_]|%2[fF])"}.get(one, one)


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
