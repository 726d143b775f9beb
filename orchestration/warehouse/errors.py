"""Errors of the warehouse file. Each message is one sentence that says what to do."""

from orchestration.errors import ExplainedError

REPLACED = (
    "The warehouse was replaced while it was written to, by an older copy or by another file: it does not have "
    "what this run stored. Nothing more was stored. Bring the right file back, or run again to read what this one "
    "lacks."
)


class WarehouseError(ExplainedError):
    """The warehouse cannot be used as it is. Nothing was changed."""
