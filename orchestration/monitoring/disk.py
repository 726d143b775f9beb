"""Free space on the disks that the product writes to."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from orchestration.errors import ExplainedError

MB = 1_000_000


class DiskLowError(ExplainedError):
    """A disk has less room than the operator wants to keep free."""


def free_bytes(path: Path) -> int:
    """Bytes that are free where the path is, or will be."""
    existing = next(one for one in (path.absolute(), *path.absolute().parents) if one.exists())
    return shutil.disk_usage(existing).free


def low_disks(paths: Mapping[str, Path], min_free_mb: int) -> list[str]:
    """A sentence on each path, by the setting that names it, whose disk has less room than wanted."""
    return [
        f"{name} ({path}) is on a disk with {free // MB:,} MB free, and DISK_MIN_FREE_MB is {min_free_mb:,}."
        for name, path in paths.items()
        if (free := free_bytes(path)) < min_free_mb * MB
    ]


def require_room(paths: Mapping[str, Path], min_free_mb: int) -> None:
    """Check each disk before anything is written.

    Raises:
        DiskLowError: one has too little room.
    """
    if low := low_disks(paths, min_free_mb):
        raise DiskLowError(f"{' '.join(low)} Nothing was written: make room there, then run again.")
