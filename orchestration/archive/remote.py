"""Reading archived days where they are: the S3-compatible store of the archive as a filesystem of DuckDB's.

DuckDB asks fsspec for what reads `s3://`, in Python's connections and in dbt's alike: its own extension for that
is not in its package.
"""

from __future__ import annotations

import os
from typing import Any

from fsspec.implementations.arrow import ArrowFSWrapper

from orchestration.archive.store import Store, open_store, s3_filesystem
from orchestration.config.archive import read_archive
from orchestration.config.values import ConfigurationError


class ArchiveFileSystem(ArrowFSWrapper):
    """What reads `s3://` with the endpoint and region of the environment; keys are found by the client."""

    protocol = "s3"
    # A later run may be configured otherwise.
    cachable = False

    def __init__(self, **_: Any) -> None:
        settings = read_archive(os.environ)
        endpoint, region = (settings.endpoint, settings.region) if settings else (None, None)
        super().__init__(s3_filesystem(endpoint, region))


def configured_store() -> Store:
    """The archive that the environment names.

    Raises:
        ArchiveError: it cannot be reached.
        ConfigurationError: there is none.
    """
    settings = read_archive(os.environ)
    if settings is None:
        raise ConfigurationError("ARCHIVE_PATH is not set. Set it to the directory or s3://bucket/prefix.")
    return open_store(settings.place, settings.endpoint, settings.region)
