"""Makes text from the feed safe to log and store: no key, email, IP address or control code."""

import base64
import html
import ipaddress
import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from urllib.parse import unquote

MAX_LENGTH = 300

_ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b.?")
_KEY = re.compile(r"sk-ant-[\w-]+", re.ASCII | re.IGNORECASE)
_EMAIL = re.compile(r"[^\s@<>\"'(),;:\[\]=]+@[^\s@<>\"'(),;:\[\]=]+")
_ADDRESS = re.compile(r"[0-9a-fA-F:.]*[.:][0-9a-fA-F:.]+")

# How deeply, and how much of, one text is decoded.
_DECODINGS, _MAX_RUNS, _MAX_READINGS = 3, 50, 2000
_CODE = re.compile(
    r"\\+([0-3][0-7]{2})|(?:\\+(?:u\{?|U0{4}|x)|%u|=)(?:0{2})?([0-9a-fA-F]{2})\}?|\\+u\{?([0-9a-fA-F]{4,6})\}?"
)
_BASE64_RUN = re.compile(r"[A-Za-z0-9+/_-](?:[A-Za-z0-9+/_-]|\s){22,}={0,2}")
_SPACE = re.compile(r"\s")
_STANDARD = str.maketrans("-_", "+/")
_HEX_RUN = re.compile(r"[0-9a-fA-F]{2}(?:[^0-9a-zA-Z]{0,3}[0-9a-fA-F]{2}){15,}")
_NUMBERS = re.compile(r"\d{2,3}(?:[^0-9a-zA-Z]{1,3}\d{2,3}){15,}")


def redact(text: str, key: str, limit: int = MAX_LENGTH) -> str:
    """The text on one line and at most `limit` long, with secrets and personal data masked.

    `key` is the one in use; anything of a key's form is masked as well.
    """
    plain = _shown(text)
    if key:
        plain = _key_forms(key).sub("[key]", plain)
    if holds_key(plain, key):
        # Encoded more than once, or in pieces: where it begins and ends cannot be known.
        return "[key]"
    plain = _KEY.sub("[key]", plain)
    # Searching a long word for addresses takes quadratic time, and text that is cut off need not be masked.
    plain = _EMAIL.sub("[email]", plain[: 10 * limit])
    plain = _ADDRESS.sub(_without_address, plain)
    return " ".join(plain.split())[:limit]


def holds_key(text: str, key: str) -> bool:
    """Whether the key is in the text, as it is or encoded, also several times over or cut into pieces."""
    letters = _letters(key)
    if not letters:
        return False
    return any(
        _key_forms(key).search(one) is not None or letters in (of_one := _letters(one)) or letters[::-1] in of_one
        for one in islice(_readings(_shown(text)), _MAX_READINGS)
    )


def _shown(text: str) -> str:
    """The text without control codes, and without marks that turn the direction of writing or show nothing."""
    if text.isascii() and text.isprintable():
        return text
    plain = _ESCAPES.sub("", text)
    return "".join(" " if mark in "\t\r\n" else mark for mark in plain if _is_shown(mark))


def _letters(text: str) -> str:
    """Letters and digits only: whatever separates the pieces of a key is not part of it."""
    return re.sub(r"\\+[nrt]|<[^<>]{0,20}>|[\W_]", "", unicodedata.normalize("NFKC", text)).casefold()


def _readings(text: str) -> Iterator[str]:
    """The text, what its escapes stand for, and what base64 and hex in it do, each again."""
    seen, texts = set(), [text]
    for _ in range(_DECODINGS):
        fresh = [one for one in texts if one not in seen]
        seen.update(fresh)
        yield from fresh
        texts = [other for one in fresh for other in (_unescaped(one), *_decoded(one)) if other != one]


def _unescaped(text: str) -> str:
    """What escapes of URLs, HTML, JSON, mail and programs stand for."""
    return html.unescape(_CODE.sub(_character_of, unquote(text)))


def _character_of(found: re.Match[str]) -> str:
    octal, hexadecimal = found[1], found[2] or found[3]
    number = int(octal, 8) if octal else int(hexadecimal, 16)
    return chr(number) if number < 0x110000 else ""


def _decoded(text: str) -> Iterator[str]:
    """What runs of base64 and of hex hold. UTF-16 shows as its letters with NUL between them."""
    for run in _BASE64_RUN.findall(text)[:_MAX_RUNS]:
        body = _SPACE.sub("", run).rstrip("=").translate(_STANDARD)
        for start in range(4):
            part = body[start : len(body) - ((len(body) - start) % 4 == 1)]
            yield base64.b64decode(f"{part}{'=' * (-len(part) % 4)}").decode("latin-1")
    for run in _HEX_RUN.findall(text)[:_MAX_RUNS]:
        digits = re.sub(r"[^0-9a-fA-F]", "", run)
        yield bytes.fromhex(digits[: len(digits) // 2 * 2]).decode("latin-1")
    for run in _NUMBERS.findall(text)[:_MAX_RUNS]:
        yield "".join(chr(number) for one in re.findall(r"\d+", run) if (number := int(one)) < 256)


@lru_cache(maxsize=16)
def _key_forms(key: str) -> re.Pattern[str]:
    """Finds the key in a text: in any case, with escapes, in hex, and in base64.

    Blanks, quotes and separators between its characters do not hide it. Base64 is found whatever precedes the
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
