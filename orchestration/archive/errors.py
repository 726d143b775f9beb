"""What can go wrong with the archive, each as one sentence that says what to do."""

from __future__ import annotations

from orchestration.errors import ExplainedError


class ArchiveError(ExplainedError):
    """The archive cannot be written or read as it is. What it held before stays."""
