"""Tables and cells of the page, as HTML in which everything from the feed is escaped."""

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
    """The holder: name, email, status, id."""
    status = f" ({escape(row['holder_status'])})" if row["holder_status"] in ("left", "not known") else ""
    kind = "maker not known" if row["holder_id"] is None else row["holder_type"].replace("_", " ")
    names = [escape(name) for name in (row["holder_name"], row["holder_email"]) if name]
    return f"{'<br>'.join(names) or escape(kind)}{status}<br>{code(row['holder_id'])}"


def who_again(row: Row) -> str:
    """The holder again, for the case that a printed page begins with this row."""
    return f'<span class="quiet">{text(row["holder_email"])}</span>'


def what(row: Row) -> str:
    """What is held: kind, name, organization, id."""
    name = f" “{escape(row['grant_name'])}”" if row["grant_name"] else ""
    place = row["organization_name"] if row["grant_type"] != "organization" else None
    within = f" in {escape(place)}" if place else ""
    return f"{escape(row['grant_type'].replace('_', ' '))}{name}{within}<br>{code(row['grant_id'])}"


def given_by(row: Row) -> str:
    """Who gave it, and who had sent the invitation."""
    invited = f"invited by {escape(row['invited_by'])}" if row["invited_by"] else ""
    return "<br>".join(one for one in (text(row["granted_by"]), invited) if one)


def comes_from(row: Row) -> str:
    """The path by which a right is held, from membership to permission."""
    kind = {"organization_role": "role in the organization", "workspace": "workspace", "direct": "given directly"}
    place = named(row["workspace_name"], row["workspace_id"])
    if row["path"] == "group":
        steps = ["group " + named(row["group_name"], row["group_id"])]
    else:
        steps = [f"{kind[row['path']]} {place}".strip()]
    role = named(row["role_name"], row["role_id"])
    return " → ".join([*steps, *([f"role {role}"] if role else [])])


def named(name: str | None, identifier: str | None) -> str:
    """A name in quotes, or the id where no name is known."""
    return f"“{escape(name)}”" if name else code(identifier)


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
