"""The history of a made-up organization: its people, what happens to them, and the resulting activities.

Everything is a pure function of (seed, size, start, end). It is served by `local_feed.serving`.
"""

from local_feed.history.rendering import DEFAULT_END, DEFAULT_START, MIN_SIZE, History

__all__ = ["DEFAULT_END", "DEFAULT_START", "MIN_SIZE", "History"]
