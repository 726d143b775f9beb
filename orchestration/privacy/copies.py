"""Copies of removed records: clears those of the product, and lists the rest for the operator."""

from pathlib import Path

from orchestration.publish.files import publishing_into
from orchestration.terminal import printable
from orchestration.warehouse.errors import WarehouseError
from orchestration.warehouse.leftovers import list_beside

NOTHING = "There is nothing to remove"
_COPIES = """\
Other copies are yours to look through: backups of the warehouse, files that were exported or handed out, events in
a SIEM, programs that still have an older file open, and beside the warehouse: {beside}.
An archive from before a removal still has what was removed, and is refused: name another ARCHIVE_PATH, run
`make archive`, then delete the old one.
The feed itself keeps its records for up to six years."""


def clear_published(*directories: Path) -> None:
    """Delete what killed publications left in each set, even in one that is no longer published.

    Raises:
        PublicationError: a directory cannot be cleared.
    """
    for directory in directories:
        if directory.exists():
            with publishing_into(directory):
                pass


def describe_copies(path: Path) -> str:
    """Describe where copies of what was removed from the warehouse at `path` may remain.

    Raises:
        WarehouseError: the directory of the warehouse cannot be read.
    """
    try:
        beside = ", ".join(map(printable, list_beside(path)))
    except OSError as error:
        raise WarehouseError(
            f"The files beside the warehouse cannot be listed: {error.strerror}. Check them yourself."
        ) from None
    return _COPIES.format(beside=beside or "nothing")
