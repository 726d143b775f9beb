"""Tables and cells of the page, as HTML in which everything from the feed is escaped."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from html import escape
from typing import Any

Row = dict[str, Any]


def html_table(columns: Sequence[str], rows: Iterable[Row], cells: Callable[[Row], Sequence[str]]) -> str:
    """A table of the rows, or "None." without rows."""
    lines = [line(cells(row)) for row in rows]
    if not lines:
        return "<p>None.</p>"
    return "\n".join([opening(columns), *lines, "</tbody></table>"])


def opening(columns: Sequence[str]) -> str:
    """The opening tags and headings of a table. The class of a heading sets its column's width."""
    head = "".join(f'<th class="{column.replace(" ", "-")}">{column}</th>' for column in columns)
    return f"<table><thead><tr>{head}</tr></thead><tbody>"


def line(cells: Sequence[str], attributes: str = "") -> str:
    """A table row of cells that are HTML already."""
    return f"<tr{attributes}>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def who(row: Row) -> str:
    """The holder: email, status, id."""
    status = f" ({escape(row['holder_status'])})" if row["holder_status"] in ("left", "not known") else ""
    kind = "maker not known" if row["holder_id"] is None else row["holder_type"].replace("_", " ")
    name = escape(row["holder_email"] or kind)
    return f"{name}{status}<br>{code(row['holder_id'])}"


def who_again(row: Row) -> str:
    """The holder again, for the case that a printed page begins with this row."""
    return f'<span class="quiet">{text(row["holder_email"])}</span>'


def what(row: Row) -> str:
    """What is held: kind, name, id."""
    name = f" “{escape(row['grant_name'])}”" if row["grant_name"] else ""
    return f"{escape(row['grant_type'].replace('_', ' '))}{name}<br>{code(row['grant_id'])}"


def change(row: Row) -> str:
    """What changed, and why it ended."""
    reason = f" ({row['end_reason'].replace('_', ' ')})" if row["end_reason"] else ""
    return escape(row["change"] + reason)


def count_holders(rows: Iterable[Row]) -> int:
    """The number of distinct holders in the rows."""
    return len({row["holder_id"] for row in rows})


def code(value: Any) -> str:
    """An id as code; empty for None."""
    return f"<code>{escape(str(value))}</code>" if value else ""


def text(value: str | None) -> str:
    """Escaped text; empty for None."""
    return escape(value) if value else ""


def when(moment: datetime | None) -> str:
    """A time in UTC to the minute; empty for None."""
    return f'<span class="when">{moment:%Y-%m-%d %H:%M}</span>' if moment else ""
