"""Markdown for reports: tables, code, escaped text, times."""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> list[str]:
    """The lines of a table. Line breaks and pipes in a cell cannot break the table."""

    def line(cells: Iterable[Any]) -> str:
        return "| " + " | ".join(" ".join(str(cell).split()).replace("|", "\\|") for cell in cells) + " |"

    return [line(columns), line("---" for _ in columns), *(line(row) for row in rows)]


def code(text: str | None) -> str:
    """The text as inline code; escaped text where it could be more than that; `none` for "" and None."""
    if not text:
        return "none"
    line = " ".join(text.split())
    return plain(line) if re.search(r"[`<>]|\\\|", line) else f"`{line}`"


def plain(text: object) -> str:
    """Untrusted text, escaped so that it shows as text and never as HTML, a link, an image or a heading.

    Some viewers make links of bare addresses (`https://…`) all the same.
    """
    escaped = re.sub(r"([\\`*_\[\]{}()#!~>-])", r"\\\1", " ".join(str(text).split()).replace("&", "&amp;"))
    return escaped.replace("<", "&lt;").replace("\\>", "&gt;")


def instant(moment: datetime | None) -> str:
    """A time in UTC to the second, `never` for None. A naive time is taken as UTC."""
    if moment is None:
        return "never"
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return f"{aware.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z"
