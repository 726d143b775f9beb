"""Names of files in an archive. Names from manifests, tables and listings are untrusted until checked here."""

import re
from datetime import date

from orchestration.archive.errors import ArchiveError

_WORD = r"[A-Za-z0-9_][A-Za-z0-9_=.-]*"
_NAME = re.compile(rf"{_WORD}(/{_WORD})*")
_SOURCE = r"[A-Za-z0-9_][A-Za-z0-9_-]*"
_PART = re.compile(rf"activities/source={_SOURCE}/activity_date=\d{{4}}-\d\d-\d\d/part-\d{{4,}}\.parquet")


def require_name(name: str) -> str:
    """Return the name if it cannot lead outside the root of the archive.

    Raises:
        ArchiveError: it could.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ArchiveError(f"{name!r} is not the name of a file in an archive. Restore the archive from a copy.")
    return name


def part_name(source: str, activity_date: date, number: int) -> str:
    """The name of a part, relative to the root of the archive.

    Raises:
        ArchiveError: the source has an invalid name.
    """
    return require_part(f"activities/source={source}/activity_date={activity_date}/part-{number:04}.parquet")


def require_part(name: str) -> str:
    """Return the name if it is that of a part.

    Raises:
        ArchiveError: it is not.
    """
    if not isinstance(name, str) or not _PART.fullmatch(name):
        raise ArchiveError(
            f"{name!r} is not the name of a part of an archive. Restore it from a copy, or run `make verify`."
        )
    return name


def part_manifest(name: str) -> str:
    """The name of the manifest of a part."""
    directory, _, file = require_part(name).rpartition("/")
    return f"{directory}/_{file.removesuffix('.parquet')}.json"
