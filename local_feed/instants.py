"""Converts RFC 3339 times to and from microseconds since 1970 (UTC). Knows no queries or records."""

import re
from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECOND = 1_000_000
DAY = 86_400 * SECOND

_RFC3339 = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)", flags=re.ASCII
)


def to_nanos(text: str) -> int:
    """Nanoseconds since 1970 of a full RFC 3339 time.

    Raises:
        ValueError: it is only a date, or has no zone.
    """
    match = _RFC3339.fullmatch(text)
    if match is None or text[10] == " ":
        raise ValueError(f"not a full RFC 3339 time with zone: {text!r}")
    date, clock, fraction, zone = match.groups()
    offset = "+00:00" if zone in "Zz" else zone
    whole = datetime.fromisoformat(f"{date}T{clock}{offset}") - EPOCH
    return (whole.days * 86_400 + whole.seconds) * 1_000_000_000 + int((fraction or "").ljust(9, "0"))


def to_micros(text: str) -> int:
    """Microseconds since 1970 of a full RFC 3339 time, truncated."""
    return to_nanos(text) // 1000


def to_text(micros: int, digits: int = 6) -> str:
    """RFC 3339 in UTC with the given number of fraction digits (0 to 6), truncated."""
    moment = EPOCH + timedelta(microseconds=micros)
    fraction = f".{moment.microsecond:06d}"[: digits + 1] if digits else ""
    return f"{moment:%Y-%m-%dT%H:%M:%S}{fraction}Z"
