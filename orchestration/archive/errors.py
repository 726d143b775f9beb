"""The archive's exception. Its message is one sentence, or two, that say what is wrong and what to do."""

from __future__ import annotations


class ArchiveError(Exception):
    """The archive cannot be written or read. What it held before is unchanged."""
