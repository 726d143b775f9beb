"""Why nothing was published, as one sentence that says what to do."""

from __future__ import annotations

from orchestration.errors import ExplainedError


class PublicationError(ExplainedError):
    """The set was not published. What was published before is still there, untouched."""
