"""An archive in a directory, and a warehouse of a few days that goes into it."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.archive.store import Store, open_store
from orchestration.archive.write import Archived, archive_days
from orchestration.warehouse.connection import open_warehouse
from orchestration.warehouse.seal import seal_days


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """The directory that is archived into."""
    return tmp_path / "archive"


@pytest.fixture
def store(place: Path) -> Store:
    """The archive in it."""
    return open_store(str(place))


def archive(path: Path, store: Store) -> Archived:
    """Seal what is due, and archive it: what the job does."""
    with open_warehouse(path) as connection:
        seal_days(connection)
    return archive_days(path, store)


def content(path: Path, table: str = "activities", *, without: str = "") -> list[tuple]:
    """All rows of a table of schema `raw`, in one order."""
    columns = f"* exclude ({without})" if without else "*"
    with open_warehouse(path, read_only=True) as connection:
        return connection.execute(f"select {columns} from raw.{table} order by all").fetchall()
