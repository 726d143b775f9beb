"""Atomic, fsynced file writes, on file systems with and without hard links."""

import errno
import os
import shutil
from pathlib import Path
from uuid import uuid4

# How file systems without hard links (exFAT, SMB, some FUSE) reject one.
_NO_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK, errno.EXDEV}
# Where a DuckDB file identifies itself.
_DATABASE_MARK = slice(8, 12)


def refuses_links(error: OSError) -> bool:
    """Whether the error means that the file system does not support hard links."""
    return error.errno in _NO_LINKS


def link_or_copy(source: Path, target: Path) -> None:
    """Hard-link the file, or copy it if the file system has no hard links."""
    try:
        os.link(source, target)
    except OSError as error:
        if not refuses_links(error):
            raise
        shutil.copyfile(source, target)
        sync(target)


def sync(path: Path) -> None:
    """fsync a file or a directory. A synced file in an unsynced directory is lost in a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_durably(path: Path, content: bytes | str) -> None:
    """Write, fsync, rename: on a full disk the old file stays, and never half of the new one.

    A terminal or a pipe is written directly. A database is never overwritten: a mistaken name would destroy
    the warehouse.

    Raises:
        OSError: the file could not be written; the old one is unchanged.
    """
    path, data = path.resolve(), content.encode() if isinstance(content, str) else content
    if _is_database(path):
        raise FileExistsError(errno.EEXIST, "it is a DuckDB database")
    if path.exists() and not path.is_file():
        path.write_bytes(data)
        return
    draft = path.with_name(f".{path.name}.{uuid4().hex}.new")
    try:
        draft.write_bytes(data)
        sync(draft)
        os.replace(draft, path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    sync(path.parent)


def _is_database(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(_DATABASE_MARK.stop)[_DATABASE_MARK] == b"DUCK"
