"""What one refresh of one source did, for whoever has to tell of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from orchestration.slices import Slice
from orchestration.warehouse.ledger import Walk

SHOWN_FAILURES = 5


@dataclass(slots=True)
class Report:
    """What one refresh of one source did."""

    source: str
    horizon: datetime
    due: list[Slice]
    walks: list[Walk] = field(default_factory=list)
    request_count: int = 0
    waited_seconds: float = 0.0
    seconds: float = 0.0
    abandoned_count: int = 0
    is_stopped: bool = False

    def total(self, count: str) -> int:
        """The sum of one count of the ledger over the walks of this run."""
        return sum(getattr(one, count) for one in self.walks)

    @property
    def failures(self) -> list[Walk]:
        """The walks that failed; their slices are due again."""
        return [one for one in self.walks if one.status == "failed"]

    @property
    def is_complete(self) -> bool:
        """Whether every due slice is now proven complete."""
        return sum(one.status == "complete" for one in self.walks) == len(self.due)

    def describe_failures(self) -> str:
        """What failed and why, a line each; empty when nothing did."""
        lines = [one.error or "" for one in self.failures[:SHOWN_FAILURES]]
        if len(self.failures) > len(lines):
            lines.append(f"{len(self.failures) - len(lines)} more slice(s) failed; see raw.extracts.")
        if len(self.walks) < len(self.due):
            lines.append(f"{len(self.due) - len(self.walks)} slice(s) were not tried.")
        return "\n".join(lines)
