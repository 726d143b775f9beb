"""Lists the removals recorded in `raw.removals`."""

from dataclasses import dataclass
from datetime import datetime

import duckdb

from orchestration.evidence.removal_sql import LIST


@dataclass(frozen=True, slots=True)
class Removal:
    """An authorized removal: by whom, why, when (UTC), how much, and of how many days.

    `item_count`: rows of `raw.directory_items`.
    """

    kind: str
    requested_by: str
    reason: str
    removed_at: datetime
    activity_count: int
    revision_count: int
    day_count: int
    item_count: int
    removal_id: int

    def __str__(self) -> str:
        directory = f" and {self.item_count:,} row(s) of the directory" if self.item_count else ""
        return (
            f"{self.kind.capitalize()} {self.removal_id}, {self.removed_at:%Y-%m-%d %H:%M:%S}Z: "
            f"{self.activity_count:,} activities and {self.revision_count:,} revisions of {self.day_count:,} "
            f"day(s){directory} removed by {self.requested_by}: {self.reason}"
        )


def list_removals(connection: duckdb.DuckDBPyConnection) -> list[Removal]:
    """Every authorized removal, oldest first."""
    return [Removal(*found) for found in connection.execute(LIST).fetchall()]
