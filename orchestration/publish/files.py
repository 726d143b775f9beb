"""The directory that is published into: one publisher at a time, no leftovers, swaps that survive a power cut."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb
from filelock import FileLock, Timeout

from orchestration.durable_files import sync
from orchestration.publish.errors import PublicationError
from orchestration.publish.manifest import EDITION_PREFIX, current_edition, edition_named, read_edition_manifest

# Everything that is not finished yet carries this name; whoever holds the lock may remove it.
UNFINISHED = ".unfinished-"
LOCK_NAME = ".lock"
LOCK_WAIT_SECONDS = 60.0


@contextmanager
def publishing_into(directory: Path, *, wait_seconds: float = LOCK_WAIT_SECONDS) -> Iterator[None]:
    """Our turn to write into the directory, cleared of what killed publications left behind.

    Raises:
        PublicationError: it cannot be written to, the disk is full, or somebody else publishes there.
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
        # Of the engine's own words only those about files are repeated: others can quote a record.
        known = isinstance(error, duckdb.IOException)
        raise _unwritable(directory, str(error).splitlines()[0] if known else type(error).__name__) from None
    finally:
        # A full disk is not to stay full of what was not finished.
        with suppress(OSError):
            sweep(directory)
        lock.release()


def sweep(directory: Path) -> None:
    """Remove what killed publications left: what is unfinished, and editions that nobody is to read any more."""
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
    """Let the group read the directory and what is published in it; without a group, nobody but the owner.

    Links are not followed: what one names is none of ours.

    Raises:
        PublicationError: the group is not ours to give to.
    """
    try:
        for one in (directory, *directory.rglob("*")):
            if one.name != LOCK_NAME and not one.is_symlink():
                _give(one, group)
    except PermissionError as error:
        raise PublicationError(
            f"{error.filename} cannot be given to PUBLISHED_GROUP (or PUBLISHED_GENERAL_GROUP). Make the account "
            "that runs this its owner and a member of the group; what was published before stays."
        ) from None


def _give(path: Path, group: int | None) -> None:
    now = path.stat()
    wanted = (0o700 if path.is_dir() else 0o600) if group is None else (0o750 if path.is_dir() else 0o640)
    if group is not None and now.st_gid != group:
        os.chown(path, -1, group)
    elif group is None and now.st_mode & 0o070:
        os.chown(path, -1, os.getegid())
    if now.st_mode & 0o777 != wanted:
        path.chmod(wanted)


def replace_durably(finished: Path, target: Path) -> None:
    """Put a finished file or link in the place of `target` in one step that outlives a power cut."""
    if not finished.is_symlink():
        sync(finished)
    os.replace(finished, target)
    sync(target.parent)


def _unwritable(directory: Path, reason: str | None) -> PublicationError:
    return PublicationError(
        f"Cannot publish into {directory}: {reason}. Check PUBLISHED_PATH (or PUBLISHED_GENERAL_PATH) and that "
        "the disk has room; what was published before stays."
    )
