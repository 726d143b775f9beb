"""Registers the archive's S3-compatible store with fsspec, so that DuckDB can read archived days in place.

DuckDB's own extension for `s3://` is not part of its package. fsspec works in our connections and in dbt's.
"""

import os
from typing import Any

from fsspec.implementations.arrow import ArrowFSWrapper

from orchestration.archive.storage.store import Store, open_store, s3_filesystem
from orchestration.config.archive import read_archive
from orchestration.config.values import ConfigurationError


class ArchiveFileSystem(ArrowFSWrapper):
    """Reads `s3://` with the endpoint and region of the environment. The client finds the keys itself."""

    protocol = "s3"
    # A later run in this process may have other settings.
    cachable = False

    def __init__(self, **_: Any) -> None:
        settings = read_archive(os.environ)
        endpoint, region = (settings.endpoint, settings.region) if settings else (None, None)
        super().__init__(s3_filesystem(endpoint, region))


def configured_store() -> Store:
    """Open the archive that the environment configures.

    Raises:
        ArchiveError: it cannot be reached.
        ConfigurationError: ARCHIVE_PATH is not set.
    """
    settings = read_archive(os.environ)
    if settings is None:
        raise ConfigurationError("ARCHIVE_PATH is not set. Set it to the directory or s3://bucket/prefix.")
    return open_store(settings.place, settings.endpoint, settings.region)
