"""Makes fsspec, and so DuckDB, read `s3://` with our settings. Imports the client on the first read."""

import fsspec


def reach_archive() -> None:
    """Register `ArchiveFileSystem` for `s3://`. It is imported on the first read."""
    fsspec.register_implementation("s3", "orchestration.archive.storage.s3.ArchiveFileSystem", clobber=True)
