"""What can go wrong with the warehouse file, each as one sentence that says what to do."""

from __future__ import annotations


class WarehouseError(Exception):
    """The warehouse cannot be used as it is. Nothing was changed."""


class RecordError(WarehouseError):
    """A walk delivered a record without an id or a time. `extract_ids` are the walks that hold such records."""

    def __init__(self, extract_ids: frozenset[str], message: str) -> None:
        super().__init__(message)
        self.extract_ids = extract_ids
