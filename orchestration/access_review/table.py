"""The rows of an access review as CSV, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

COLUMNS = (
    "holder_type", "holder_id", "holder_name", "holder_email", "holder_status", "last_active_at", "grant_type",
    "grant_id", "grant_name", "organization_uuid", "organization_name", "role", "is_held", "granted_at",
    "granted_by", "invited_by", "last_used_at", "expires_at", "change", "previous_role", "ended_at", "end_reason",
    "ended_by", "is_proven", "remarks",
)  # fmt: skip
RIGHT_COLUMNS = (
    "user_id", "full_name", "current_email", "organization_uuid", "organization_name", "path", "group_id",
    "group_name", "role_id", "role_name", "workspace_id", "workspace_name", "action", "resource_type",
    "resource_id",
)  # fmt: skip
# What spreadsheets read as the start of a formula. In some locales a semicolon starts a new cell.
_FORMULA = re.compile(r"(^[\t\r\n]|(?:^|[;,|\t\r\n])(?=[\s\"]*[=+@\uff1d\uff0b\uff0d\uff20-]))")


def as_csv(on: date, rows: Iterable[Mapping[str, Any]], columns: Sequence[str] = COLUMNS) -> str:
    """The rows as CSV. An apostrophe is put before anything that a spreadsheet would read as a formula."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(("review_date", *columns))
    writer.writerows((on, *(cell(row[name]) for name in columns)) for row in rows)
    return text.getvalue()


def cell(value: Any) -> str:
    """One value as the text of a cell; empty for None."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    text = "; ".join(value) if isinstance(value, list) else str(value)
    return _FORMULA.sub(_with_apostrophe, text)


def _with_apostrophe(found: re.Match[str]) -> str:
    return f"'{found[0]}" if found.start() == 0 and found[0].isspace() else f"{found[0]}'"
