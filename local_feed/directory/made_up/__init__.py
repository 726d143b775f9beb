"""The directory of the made-up organization, as the events of its history leave it.

A warehouse that is built from both agrees for nearly everything; the exceptions are in `unlogged`.
"""

from local_feed.directory.made_up import access, keys, people, settings, unlogged
from local_feed.directory.made_up.keys import directory_key_id
from local_feed.directory.state import Directory
from local_feed.directory.usage import Usage
from local_feed.history.chronicle import Chronicle

__all__ = ["directory_key_id", "made_up_directory"]


def made_up_directory(chronicle: Chronicle) -> Directory:
    """The directory at the end of a history."""
    directory = Directory(Usage(keys.usage_source(chronicle)))
    for part in (people, access, keys, settings, unlogged):
        part.fill(directory, chronicle)
    return directory
