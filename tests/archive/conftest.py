"""An archive in a directory, and a warehouse of a few days that goes into it."""

import shutil
from pathlib import Path

import pyarrow.fs as pafs
import pytest

from orchestration.archive.storage.store import Store, open_store
from orchestration.archive.write import Archived, archive_days
from orchestration.evidence.seals import seal_days
from orchestration.warehouse.connection import open_warehouse
from tests.histories import build


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """The directory of the archive."""
    return tmp_path / "archive"


@pytest.fixture
def store(place: Path) -> Store:
    """The archive in `place`; created by the first write."""
    return Store(str(place), pafs.LocalFileSystem(), str(place))


@pytest.fixture(scope="session")
def days(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a warehouse of five days and its archive; built once, for tests to copy."""
    directory = tmp_path_factory.mktemp("days")
    build(directory / "warehouse.duckdb")
    shutil.copyfile(directory / "warehouse.duckdb", directory / "landed.duckdb")
    archive(directory / "warehouse.duckdb", open_store(str(directory / "archive")))
    return directory


@pytest.fixture
def landed(days: Path, path: Path) -> Path:
    """The warehouse of the test: five days, nothing sealed."""
    return shutil.copyfile(days / "landed.duckdb", path)


@pytest.fixture
def archived(days: Path, path: Path, place: Path) -> Path:
    """The warehouse of the test: five days, four of them sealed and archived in `place`."""
    shutil.copytree(days / "archive", place)
    return shutil.copyfile(days / "warehouse.duckdb", path)


def archive(path: Path, store: Store) -> Archived:
    """Seal and archive what is due, as the job does."""
    with open_warehouse(path) as connection:
        seal_days(connection)
    return archive_days(path, store)


def content(path: Path, table: str = "activities", *, without: str = "") -> list[tuple]:
    """All rows of a table of schema `raw`, in a fixed order."""
    columns = f"* exclude ({without})" if without else "*"
    with open_warehouse(path, read_only=True) as connection:
        return connection.execute(f"select {columns} from raw.{table} order by all").fetchall()
