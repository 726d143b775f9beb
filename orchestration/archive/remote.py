"""Registers the archive's S3-compatible store with fsspec, so that DuckDB can read archived days in place.

DuckDB's own extension for `s3://` is not part of its package. fsspec works in our connections and in dbt's.
"""

from __future__ import annotations

import os
from typing import Any

import fsspec
from fsspec.implementations.arrow import ArrowFSWrapper

from orchestration.archive.store import s3_filesystem
from orchestration.config.archive import read_archive


class ArchiveFileSystem(ArrowFSWrapper):
    """Reads `s3://` with the endpoint and region of the environment. The client finds the keys itself."""

    protocol = "s3"
    # A later run in this process may have other settings.
    cachable = False

    def __init__(self, **_: Any) -> None:
        settings = read_archive(os.environ)
        endpoint, region = (settings.endpoint, settings.region) if settings else (None, None)
        super().__init__(s3_filesystem(endpoint, region))


def reach_archive() -> None:
    """Make fsspec read `s3://` with our settings. Connects only when something is read."""
    fsspec.register_implementation("s3", ArchiveFileSystem, clobber=True)
