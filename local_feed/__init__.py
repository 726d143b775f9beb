"""A local Activity Feed of a made-up organization, served over real HTTP for the demo and the tests.

The product does not use it to read the real feed.
"""

from local_feed.directory import Directory, big_directory
from local_feed.embedded import LocalFeed
from local_feed.history import DEFAULT_END, DEFAULT_START, History
from local_feed.options import ADMIN_KEY, COMPLIANCE_KEY, DIRECTORY_KEY, UNSCOPED_KEY, Options
from local_feed.serving.faults import DIRECTORY_KINDS, KINDS, Fault, Faults
from local_feed.serving.feed import Seen

__all__ = [
    "ADMIN_KEY",
    "COMPLIANCE_KEY",
    "DEFAULT_END",
    "DEFAULT_START",
    "DIRECTORY_KEY",
    "DIRECTORY_KINDS",
    "KINDS",
    "UNSCOPED_KEY",
    "Directory",
    "Fault",
    "Faults",
    "History",
    "LocalFeed",
    "Options",
    "Seen",
    "big_directory",
]
