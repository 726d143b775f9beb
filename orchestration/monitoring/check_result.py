"""What a check of the warehouse found."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class CheckResult:
    """Whether a claim holds.

    `sentence` says what was found and, where the claim does not hold, what to do. `is_error` separates what needs
    action from information. `figures` are for display, by label; times are aware.
    """

    holds: bool
    sentence: str
    is_error: bool = True
    figures: dict[str, int | float | str | datetime | list[str]] = field(default_factory=dict)

    @property
    def is_failure(self) -> bool:
        """Whether the claim does not hold and something has to be done."""
        return self.is_error and not self.holds


def together(check_results: list[CheckResult], nothing: str) -> CheckResult:
    """One result for several sources: it holds if all do, and is an error if one of those that fail is.

    `nothing` is the sentence where there are no results.
    """
    failed = [one for one in check_results if not one.holds]
    return CheckResult(
        holds=not failed,
        sentence=" ".join(one.sentence for one in failed or check_results) or nothing,
        is_error=any(one.is_error for one in failed),
        figures={label: figure for one in check_results for label, figure in one.figures.items()},
    )
