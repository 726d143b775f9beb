"""The exception of a publication. Its message says what is wrong and what to do."""

from orchestration.errors import ExplainedError


class PublicationError(ExplainedError):
    """The set was not published. What was published before is unchanged."""
