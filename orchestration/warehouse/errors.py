"""What can go wrong with the warehouse file, each as one sentence that says what to do."""

from __future__ import annotations

from orchestration.errors import ExplainedError


class WarehouseError(ExplainedError):
    """The warehouse cannot be used as it is. Nothing was changed."""


class RecordError(WarehouseError):
    """Extracts delivered records without an id or a time. `reasons` has a sentence for each, by extract id."""

    def __init__(self, reasons: dict[str, str]) -> None:
        super().__init__(" ".join(reasons.values()))
        self.reasons = reasons
