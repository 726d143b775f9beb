"""What can go wrong with the archive, each as one sentence that says what to do."""

from __future__ import annotations


class ArchiveError(Exception):
    """The archive cannot be written or read as it is. What it held before stays."""
