"""A made-up organization's history: who is in it, what happens to them, and how it is written down as
activities.

Everything is a pure function of (seed, size, start, end). Serving it is not done here.
"""

from local_feed.history.rendering import DEFAULT_END, DEFAULT_START, MIN_SIZE, History

__all__ = ["DEFAULT_END", "DEFAULT_START", "MIN_SIZE", "History"]
