"""`restore`: the warehouse from the archive alone."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from orchestration.config.archive import read_archive
from orchestration.config.settings import ConfigurationError, warehouse_path
from orchestration.warehouse.errors import WarehouseError

if TYPE_CHECKING:
    from orchestration.archive.store import Store


def add_parsers(commands: argparse._SubParsersAction) -> None:
    """Add the commands of this module."""
    commands.add_parser("archive", help="seal what is due, and archive sealed days")
    restore = commands.add_parser("restore", help="build an empty warehouse from the archive")
    restore.set_defaults(run=_restore)


def configured_store() -> Store:
    """The archive that the environment names.

    Raises:
        ArchiveError: it cannot be reached.
        ConfigurationError: there is none.
    """
    from orchestration.archive.store import open_store

    settings = read_archive(os.environ)
    if settings is None:
        raise ConfigurationError("ARCHIVE_PATH is not set. Set it to the directory or s3://bucket/prefix.")
    return open_store(settings.place, settings.endpoint, settings.region)


def _restore(arguments: argparse.Namespace) -> int:
    from orchestration.archive.errors import ArchiveError
    from orchestration.archive.restore import restore

    path = warehouse_path(os.environ)
    try:
        restored = restore(path, configured_store())
    except (ArchiveError, ConfigurationError, WarehouseError) as error:
        print(error, file=sys.stderr)
        return 1
    print(
        f"{restored.activity_count:,} activities from {restored.file_count:,} file(s) are in {path}, and every "
        f"check of verify passed. {restored.forgotten_count:,} extract(s) of days that were not archived prove "
        "nothing any more: run `make refresh`, which reads these days again and builds the tables."
    )
    return 0
