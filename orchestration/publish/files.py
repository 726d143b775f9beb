"""The directory of a published set: its lock, clean-up of unfinished files, group access, atomic replacement."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb
from filelock import FileLock, Timeout

from orchestration.durable_files import sync
from orchestration.publish.errors import PublicationError
from orchestration.publish.manifest import (
    DATABASE,
    DATABASE_MANIFEST,
    EDITION_PREFIX,
    WORKBOOK,
    WORKBOOK_MANIFEST,
    current_edition,
    edition_named,
    read_edition_manifest,
)

# Prefix of unfinished files. The holder of the lock may delete them.
UNFINISHED = ".unfinished-"
LOCK_NAME = ".lock"
LOCK_WAIT_SECONDS = 60.0
_FILES = (DATABASE, DATABASE_MANIFEST, WORKBOOK, WORKBOOK_MANIFEST)


@contextmanager
def publishing_into(directory: Path, *, wait_seconds: float = LOCK_WAIT_SECONDS) -> Iterator[None]:
    """Hold the directory's lock, and clear what killed publications left behind.

    Raises:
        PublicationError: the directory is not writable, the disk is full, or another run publishes there.
    """
    lock = FileLock(directory / LOCK_NAME)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=wait_seconds)
    except Timeout:
        raise PublicationError(
            f"Another run is publishing into {directory}. Wait until it is done, then run again."
        ) from None
    except OSError as error:
        raise _unwritable(directory, error.strerror) from None
    try:
        sweep(directory)
        yield
    except OSError as error:
        raise _unwritable(directory, error.strerror) from None
    except duckdb.Error as error:
        # Only DuckDB's messages about files are repeated: others can quote a record.
        known = isinstance(error, duckdb.IOException)
        raise _unwritable(directory, str(error).splitlines()[0] if known else type(error).__name__) from None
    finally:
        # Frees the space again if the disk was full.
        with suppress(OSError):
            sweep(directory)
        lock.release()


def sweep(directory: Path) -> None:
    """Delete unfinished files, and Parquet editions other than the current and the previous one."""
    current = current_edition(directory)
    previous = edition_named(directory, read_edition_manifest(current).get("previous"))
    for leftover in directory.glob(f"{UNFINISHED}*"):
        _remove(leftover)
    for edition in directory.glob(f"{EDITION_PREFIX}*"):
        if edition not in (current, previous):
            _remove(edition)


def _remove(leftover: Path) -> None:
    if leftover.is_dir() and not leftover.is_symlink():
        shutil.rmtree(leftover)
    else:
        leftover.unlink()


def share(directory: Path, group: int | None) -> None:
    """Let the group (a gid) read the directory and all published files; without a group, only the owner.

    Links are not followed, because their targets are not ours. Nor is anything else in the directory touched.

    Raises:
        PublicationError: we may not assign files to the group.
    """
    try:
        for path in (directory, *_published(directory)):
            if not path.is_symlink():
                _set_access(path, group)
    except PermissionError as error:
        raise PublicationError(
            f"{error.filename} cannot be assigned to PUBLISHED_GROUP (or PUBLISHED_GENERAL_GROUP). Make the "
            "account that runs this its owner and a member of the group; what was published before stays."
        ) from None


def _published(directory: Path) -> Iterator[Path]:
    """All that publications put into the directory, finished or not."""
    for path in directory.iterdir():
        if path.name in _FILES or path.name.startswith((UNFINISHED, EDITION_PREFIX)):
            yield path
            yield from path.rglob("*") if path.is_dir() and not path.is_symlink() else ()


def _set_access(path: Path, group: int | None) -> None:
    current = path.stat()
    wanted = (0o700 if path.is_dir() else 0o600) if group is None else (0o750 if path.is_dir() else 0o640)
    if group is not None and current.st_gid != group:
        os.chown(path, -1, group)
    elif group is None and current.st_mode & 0o070:
        os.chown(path, -1, os.getegid())
    if current.st_mode & 0o777 != wanted:
        path.chmod(wanted)


def replace_durably(finished: Path, target: Path) -> None:
    """Atomically replace `target` by a finished file or link, and fsync."""
    if not finished.is_symlink():
        sync(finished)
    os.replace(finished, target)
    sync(target.parent)


def _unwritable(directory: Path, reason: str | None) -> PublicationError:
    return PublicationError(
        f"Cannot publish into {directory}: {reason}. Check PUBLISHED_PATH (or PUBLISHED_GENERAL_PATH) and that "
        "the disk has room; what was published before stays."
    )
