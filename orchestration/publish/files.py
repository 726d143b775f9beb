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

# Everything that is not finished yet carries this name; whoever holds the lock may remove it.
UNFINISHED = ".unfinished-"
LOCK_WAIT_SECONDS = 60.0


@contextmanager
def publishing_into(directory: Path, *, wait_seconds: float = LOCK_WAIT_SECONDS) -> Iterator[None]:
    """Our turn to write into the directory, cleared of what killed publications left behind.

    Raises:
        PublicationError: it cannot be written to, the disk is full, or somebody else publishes there.
    """
    lock = FileLock(directory / ".lock")
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
    """Remove what is unfinished."""
    for leftover in directory.glob(f"{UNFINISHED}*"):
        if leftover.is_dir() and not leftover.is_symlink():
            shutil.rmtree(leftover)
        else:
            leftover.unlink()


def share(path: Path, group: int | None, *, with_content: bool = True) -> None:
    """Let the group read the file, or the directory and what is in it; without a group, leave it as it is.

    Raises:
        PublicationError: the group is not ours to give to.
    """
    if group is None:
        return
    try:
        for one in (path, *(path.rglob("*") if with_content else ())):
            os.chown(one, -1, group)
            one.chmod(0o750 if one.is_dir() else 0o640)
    except PermissionError as error:
        raise PublicationError(
            f"{error.filename} cannot be given to PUBLISHED_GROUP (or PUBLISHED_GENERAL_GROUP). Make the account "
            "that runs this its owner and a member of the group; what was published before stays."
        ) from None


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
