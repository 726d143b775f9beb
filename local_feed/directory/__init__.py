"""The directory: what exists now in the organizations behind the local feed, and the HTTP API that lists it.

It is served only where it is asked for (`Options.directory`). Activities are in `local_feed.history`.
"""

from local_feed.directory.big import big_directory
from local_feed.directory.state import Directory

__all__ = ["Directory", "big_directory"]
