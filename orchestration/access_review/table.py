"""The rows of an access review as CSV, safe to open in a spreadsheet."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from orchestration import spreadsheets

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


def as_csv(on: date, rows: Iterable[Mapping[str, Any]], columns: Sequence[str] = COLUMNS) -> str:
    """The rows as CSV, with the reviewed day before each."""
    return spreadsheets.as_csv(("review_date", *columns), ([on, *(row[name] for name in columns)] for row in rows))
