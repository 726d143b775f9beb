"""Where sealed days are archived, as the environment says it. Keys of the store are read by its client alone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from orchestration.config import values
from orchestration.config.settings import MAX_DAYS, ROOT
from orchestration.config.values import ConfigurationError

# What looks back over the last month looks at the file alone.
_MIN_LOCAL_DAYS = 31
_BUCKET = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[^\s?#]*)?")


@dataclass(frozen=True, slots=True)
class ArchiveSettings:
    """`place` is a directory or `s3://bucket/prefix`; `endpoint` and `region` are of the store, None for its own.

    `local_days`: so many days stay in the warehouse file once they are archived; None for all.
    """

    place: str
    endpoint: str | None = None
    region: str | None = None
    local_days: int | None = None


def read_archive(environment: Mapping[str, str]) -> ArchiveSettings | None:
    """The archive of the environment; None where `ARCHIVE_PATH` is not set.

    Raises:
        ConfigurationError: a value makes no sense.
    """
    place = (environment.get("ARCHIVE_PATH") or "").strip().rstrip("/")
    days = environment.get("LOCAL_DAYS")
    if not place:
        if days:
            raise ConfigurationError("LOCAL_DAYS needs an archive to keep the older days in. Set ARCHIVE_PATH.")
        return None
    endpoint = None
    if place.startswith("s3://"):
        if not _BUCKET.fullmatch(place):
            raise ConfigurationError(f"ARCHIVE_PATH is {place!r}. Use one like s3://bucket/prefix.")
        if environment.get("AWS_ENDPOINT_URL"):
            endpoint = values.address("AWS_ENDPOINT_URL", environment["AWS_ENDPOINT_URL"])
    elif "://" in place:
        raise ConfigurationError(f"ARCHIVE_PATH is {place!r}. Use a directory, or s3://bucket/prefix.")
    else:
        place = str(ROOT / place)
    return ArchiveSettings(
        place,
        endpoint,
        environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION") or None,
        values.integer("LOCAL_DAYS", days, minimum=_MIN_LOCAL_DAYS, maximum=MAX_DAYS, is_text=True)
        if days
        else None,
    )
