"""What one run did: a report for each source, and for all of them together."""

from dataclasses import dataclass, field
from datetime import datetime

from orchestration.intervals import Slice
from orchestration.landing.extract import Extract

SHOWN_FAILURES = 5


@dataclass(slots=True)
class SourceReport:
    """What one run did with one source.

    `left`: due slices that the run left to the next one because its time or requests were used up.
    `found`: extracts that looked for what becomes visible late and found something; they are not part of `due`.
    `error`: why nothing of the source could be read; its extracts are empty then.
    """

    source: str
    horizon: datetime
    due: list[Slice]
    left: list[Slice] = field(default_factory=list)
    extracts: list[Extract] = field(default_factory=list)
    found: list[Extract] = field(default_factory=list)
    history_start: datetime | None = None
    error: Exception | None = None
    notes: list[str] = field(default_factory=list)
    request_count: int = 0
    waited_seconds: float = 0.0
    seconds: float = 0.0
    abandoned_count: int = 0
    is_stopped: bool = False

    def total(self, count: str) -> int:
        """The sum of one count of the ledger over the extracts of this run."""
        return sum(getattr(one, count) for one in [*self.extracts, *self.found])

    @property
    def failures(self) -> list[Extract]:
        """The extracts that failed; their slices are due again."""
        return [one for one in self.extracts if one.status == "failed"]

    @property
    def complete_count(self) -> int:
        """How many of the due slices are now proven complete."""
        return sum(one.status == "complete" for one in self.extracts)

    @property
    def is_complete(self) -> bool:
        """Whether every due slice is now proven complete."""
        return self.error is None and self.complete_count == len(self.due)

    @property
    def is_failure(self) -> bool:
        """Whether the run read none of what was due."""
        return self.error is not None or (bool(self.due) and not self.complete_count)

    @property
    def seconds_left(self) -> float:
        """How long what is left takes at the speed of this run."""
        return self.seconds / max(len(self.extracts), 1) * len(self.left)

    def describe_failures(self) -> str:
        """What failed and why, a line each; empty when nothing did."""
        lines = [str(self.error)] if self.error else []
        lines += [one.error or "" for one in self.failures[:SHOWN_FAILURES]]
        if len(self.failures) > SHOWN_FAILURES:
            lines.append(f"{len(self.failures) - SHOWN_FAILURES} more slice(s) failed; see raw.extracts.")
        untried = len(self.due) - len(self.extracts) - len(self.left)
        if untried > 0:
            lines.append(f"{untried} slice(s) were not tried.")
        return "\n".join(lines)

    @property
    def remarks(self) -> list[str]:
        """Other remarks, a sentence each."""
        remarks = list(self.notes)
        if outside := self.total("outside_count"):
            remarks.append(
                f"The feed sent {outside:,} record(s) from outside of the time that was asked for; they are "
                "stored."
            )
        if quarantined := self.total("quarantined_count"):
            remarks.append(
                f"{quarantined:,} record(s) have no usable id or time; they are kept in raw.quarantined_records."
            )
        return remarks

    def describe(self) -> str:
        """How far the source has been read, in a line."""
        if self.error:
            return f"{self.source}: {self.error}"
        parts = [f"{self.complete_count:,} of {len(self.due):,} slices complete"]
        if self.failures:
            parts.append(f"{len(self.failures):,} failed")
        if self.left:
            parts.append(f"{len(self.left):,} left to the next run, about {_duration(self.seconds_left)}")
        return " ".join([f"{self.source}: {', '.join(parts)}.", *self.remarks])


@dataclass(slots=True)
class RunReport:
    """What one run did with all sources."""

    reports: list[SourceReport]
    seconds: float
    waited_seconds: float

    def total(self, count: str) -> int:
        """The sum of one count of the ledger over all extracts of the run."""
        return sum(report.total(count) for report in self.reports)

    @property
    def is_failure(self) -> bool:
        """Whether no source read any of what was due."""
        return all(report.is_failure for report in self.reports)

    def describe_failures(self) -> str:
        """What failed and why, with the name of the source where there are several."""
        if len(self.reports) == 1:
            return self.reports[0].describe_failures()
        described = [(report.source, report.describe_failures()) for report in self.reports]
        return "\n".join(f"{source}: {failures}" for source, failures in described if failures)

    def describe(self) -> list[str]:
        """How far each source has been read, a line each; nothing where the one source is read to its end."""
        if len(self.reports) == 1 and self.reports[0].is_complete and not self.reports[0].remarks:
            return []
        return [report.describe() for report in self.reports]


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
