"""Settings of the archive. Only the store's client reads its keys."""

from collections.abc import Mapping
from dataclasses import dataclass

from orchestration.config.settings import ROOT, Settings
from orchestration.config.values import ConfigurationError


@dataclass(frozen=True, slots=True)
class ArchiveSettings:
    """`place` is a directory or `s3://bucket/prefix`; `endpoint` and `region` are of the store, None for its own.

    `local_days`: how many archived days stay in the warehouse file; None for all.
    """

    place: str
    endpoint: str | None = None
    region: str | None = None
    local_days: int | None = None


def read_archive(environment: Mapping[str, str]) -> ArchiveSettings | None:
    """The archive of the environment; None where `ARCHIVE_PATH` is not set.

    Raises:
        ConfigurationError: a value is invalid.
    """
    read = Settings.read(environment, "archive_path", "local_days")
    if not read.archive_path:
        if read.local_days:
            raise ConfigurationError("LOCAL_DAYS needs an archive to keep the older days in. Set ARCHIVE_PATH.")
        return None
    if not read.archive_path.startswith("s3://"):
        return ArchiveSettings(str(ROOT / read.archive_path), local_days=read.local_days)
    endpoint = Settings.read(environment, "aws_endpoint_url").aws_endpoint_url
    region = environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION") or None
    return ArchiveSettings(read.archive_path, endpoint, region, read.local_days)
