"""Lets DuckDB read `s3://` with our settings; the client of the store is imported when something is first read."""

from __future__ import annotations

import fsspec


def reach_archive() -> None:
    """From here on `s3://` is read through `ArchiveFileSystem`, which is imported when something is first read."""
    fsspec.register_implementation("s3", "orchestration.archive.remote.ArchiveFileSystem", clobber=True)
