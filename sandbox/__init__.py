"""A local Activity Feed over a made-up organization, served over real HTTP for the demo and the tests.

Nothing here is used when the product reads the real feed.
"""

from sandbox.history import DEFAULT_END, DEFAULT_START, History
from sandbox.local_feed import LocalFeed
from sandbox.options import ADMIN_KEY, COMPLIANCE_KEY, UNSCOPED_KEY, Options
from sandbox.serving.faults import KINDS, Fault, Faults
from sandbox.serving.feed import Seen

__all__ = [
    "ADMIN_KEY",
    "COMPLIANCE_KEY",
    "DEFAULT_END",
    "DEFAULT_START",
    "KINDS",
    "UNSCOPED_KEY",
    "Fault",
    "Faults",
    "History",
    "LocalFeed",
    "Options",
    "Seen",
]
