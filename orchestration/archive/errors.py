"""The archive's exception. Its message is one sentence, or two, that say what is wrong and what to do."""

from orchestration.errors import ExplainedError


class ArchiveError(ExplainedError):
    """The archive cannot be written or read. What it held before is unchanged."""
