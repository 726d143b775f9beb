"""What one run did with the directory: a report for each source, and all of them together."""

from collections import Counter
from dataclasses import dataclass, field

from orchestration.landing.walk import Walk

SHOWN_FAILURES = 5


@dataclass(slots=True)
class DirectoryReport:
    """What one run did with the directory of one source.

    `unreadable`: why the key cannot read a list, by its name. `stopped`: why the run left what was due to the next
    one. `error`: why nothing more of the source could be read. `is_left_out`: its settings say not to read it.
    """

    source: str
    walks: list[Walk] = field(default_factory=list)
    unreadable: dict[str, str] = field(default_factory=dict)
    stopped: str | None = None
    error: Exception | None = None
    is_left_out: bool = False
    request_count: int = 0
    seconds: float = 0.0

    def count(self, status: str) -> int:
        """How many walks have the status."""
        return sum(walk.status == status for walk in self.walks)

    def total(self, count: str) -> int:
        """The sum of one count of the ledger over the walks of this run."""
        return sum(getattr(walk, count) for walk in self.walks)

    @property
    def is_failure(self) -> bool:
        """Whether nothing could be read, for another reason than what the key may read."""
        failed = self.error is not None or self.count("failed") > 0
        return failed and not self.count("complete") and not self.count("refused")

    @property
    def failures(self) -> list[str]:
        """What failed or was refused and why, a line each."""
        bad = [walk for walk in self.walks if walk.status != "complete"]
        lines = [f"{self.source}: {self.error}"] if self.error else []
        lines += [f"{self.source}: {walk.name} {walk.status}: {walk.error}" for walk in bad[:SHOWN_FAILURES]]
        if len(bad) > SHOWN_FAILURES:
            lines.append(f"{self.source}: {len(bad) - SHOWN_FAILURES} more; see raw.directory_walks.")
        return lines

    def describe(self) -> str:
        """What the key reads and what it does not, in one sentence, and what came of it."""
        if self.is_left_out:
            return f"{self.source}: the directory is not read (DIRECTORY is false)."
        counts = Counter(walk.list_name for walk in self.walks if walk.status == "complete")
        lists = ", ".join(f"{name} ({count})" if count > 1 else name for name, count in counts.items())
        parts = [f"reads {lists}" if lists else "reads nothing of the directory"]
        parts += [f"not {name}: {reason.rstrip('.')}" for name, reason in self.unreadable.items()]
        sentences = [f"{self.source}: {'; '.join(parts)}."]
        if self.stopped:
            sentences.append(self.stopped)
        return " ".join(sentences)


@dataclass(slots=True)
class DirectoryRunReport:
    """What one run did with the directories of all sources."""

    reports: list[DirectoryReport]
    seconds: float = 0.0

    def total(self, count: str) -> int:
        """The sum of one count of the ledger over all walks of the run."""
        return sum(report.total(count) for report in self.reports)

    def count(self, status: str) -> int:
        """How many walks have the status."""
        return sum(report.count(status) for report in self.reports)

    @property
    def request_count(self) -> int:
        """How many responses came."""
        return sum(report.request_count for report in self.reports)

    @property
    def failures(self) -> list[str]:
        """What failed or was refused and why, a line each."""
        return [line for report in self.reports for line in report.failures]

    @property
    def is_failure(self) -> bool:
        """Whether nothing at all could be read, for another reason than what the keys may read."""
        failed = [report.is_failure for report in self.reports]
        return any(failed) and not self.count("complete") and not self.count("refused")

    def describe(self) -> list[str]:
        """A line on each source."""
        return [report.describe() for report in self.reports]
