"""Small pieces of Markdown: tables, code, times."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> list[str]:
    """The lines of a table; a cell is one line whatever is in it."""

    def line(cells: Iterable[Any]) -> str:
        return "| " + " | ".join(" ".join(str(cell).split()).replace("|", "\\|") for cell in cells) + " |"

    return [line(columns), line("---" for _ in columns), *(line(row) for row in rows)]


def code(text: str | None) -> str:
    """The text as code, whatever is in it, or the word `none`."""
    if not text:
        return "none"
    line = " ".join(text.split())
    longest = max((len(run) for run in re.findall("`+", line)), default=0)
    fence = "`" * (longest + 1)
    return f"{fence} {line} {fence}" if longest else f"`{line}`"


def plain(text: object) -> str:
    """Words of somebody else as words alone: no HTML, link, picture or heading comes of them."""
    escaped = re.sub(r"([\\`*_\[\]{}()#!~>-])", r"\\\1", " ".join(str(text).split()).replace("&", "&amp;"))
    return escaped.replace("<", "&lt;").replace("\\>", "&gt;")


def instant(moment: datetime | None) -> str:
    """A moment in UTC to the second, or the word `never`; without a zone it is UTC already."""
    if moment is None:
        return "never"
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return f"{aware.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z"
