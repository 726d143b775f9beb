"""The error of an audit pack."""

from orchestration.errors import ExplainedError


class PackError(ExplainedError):
    """The pack cannot be made or read; `str()` is one sentence that says what to do."""
