"""Reading archived days where they are: the S3-compatible store of the archive as a filesystem of DuckDB's.

DuckDB asks fsspec for what reads `s3://`, in Python's connections and in dbt's alike: its own extension for that
is not in its package.
"""

from __future__ import annotations

import os
from typing import Any

import fsspec
from fsspec.implementations.arrow import ArrowFSWrapper

from orchestration.archive.store import s3_filesystem
from orchestration.config.archive import read_archive


class ArchiveFileSystem(ArrowFSWrapper):
    """What reads `s3://` with the endpoint and region of the environment; keys are found by the client."""

    protocol = "s3"
    # A later run may be configured otherwise.
    cachable = False

    def __init__(self, **_: Any) -> None:
        settings = read_archive(os.environ)
        endpoint, region = (settings.endpoint, settings.region) if settings else (None, None)
        super().__init__(s3_filesystem(endpoint, region))


def reach_archive() -> None:
    """From here on `s3://` is read with our settings. Nothing is connected to until something is read."""
    fsspec.register_implementation("s3", ArchiveFileSystem, clobber=True)
