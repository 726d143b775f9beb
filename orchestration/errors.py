"""The base of every error that a reader can act on."""


class ExplainedError(Exception):
    """Its text is one sentence: what is wrong and what to do. Commands print it, and steps fail with it."""
