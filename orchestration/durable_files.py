"""Files that are there as a whole or not at all, and outlive a power cut, on file systems of any kind."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path
from uuid import uuid4

# How file systems without hard links (exFAT, SMB, some of FUSE) refuse one.
_NO_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK, errno.EXDEV}


def refuses_links(error: OSError) -> bool:
    """Whether the error says that the file system gives a file no second name."""
    return error.errno in _NO_LINKS


def link_or_copy(source: Path, target: Path) -> None:
    """Give the file a second name or, where the file system has none, a second copy."""
    try:
        os.link(source, target)
    except OSError as error:
        if not refuses_links(error):
            raise
        shutil.copyfile(source, target)
        sync(target)


def sync(path: Path) -> None:
    """Bring a file, or the names in a directory, to disk: a flushed file without a name is lost with the power."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_durably(path: Path, content: bytes | str) -> None:
    """Write, fsync, rename: a full disk leaves what was there before, never the beginning of a file.

    Raises:
        OSError: nothing was written.
    """
    path, data = path.resolve(), content.encode() if isinstance(content, str) else content
    if path.exists() and not path.is_file():
        # A terminal or a pipe: nothing to rename over.
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
