"""What killed runs left beside the warehouse: gone with the next run and every removal, never silently kept."""

import os
import shutil
from pathlib import Path

import pytest

from orchestration.archive.restore import restore
from orchestration.archive.storage.store import Store, open_store
from orchestration.privacy.erasure import erase
from orchestration.warehouse.connection import open_warehouse, warehouse_lock
from orchestration.warehouse.errors import WarehouseError
from orchestration.warehouse.leftovers import list_beside
from tests.archive.conftest import archive
from tests.histories import build
from tests.privacy.people import ADA, ORDER, know_users

DIRECTORIES = (
    "{}.archiving/x",
    "{}.files/activities",
    "{}.restoring.files",
    "{}.restoring.tmp",
    "{}.a1.draft.tmp",
)
FILES = ("{}.archiving/part.parquet", "{}.restoring", "{}.restoring.wal", "{}.restoring.a1.new", "{}.a1.draft",
         "{}.a1.draft.wal", "{}.files/ledger/extracts.parquet")  # fmt: skip


@pytest.fixture(params=["warehouse.duckdb", "o'x y/war[eh]ouse*.db", "link"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A warehouse of a few days, also where its path means something to a shell or in SQL, or is a link."""
    if request.param != "link":
        build(tmp_path / request.param)
        return tmp_path / request.param
    (tmp_path / "far").mkdir()
    build(tmp_path / "far/warehouse.duckdb")
    (tmp_path / "warehouse.duckdb").symlink_to("far/warehouse.duckdb")
    return tmp_path / "warehouse.duckdb"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(str(tmp_path / "archive"))


def leave(path: Path) -> set[str]:
    for place in {path, path.resolve()}:
        for name in DIRECTORIES:
            (place.parent / name.format(place.name)).mkdir(parents=True, exist_ok=True)
        for name in FILES:
            file = place.parent / name.format(place.name)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text("ada@x.example")
        (place.parent / f"{place.name}.mine").write_text("somebody's own")
    return set(list_beside(path))


def left(path: Path) -> set[str]:
    return {
        name for name in list_beside(path) if "far" not in name and ".mine" not in name and "archive" not in name
    }


def test_whoever_writes_next_sweeps(path: Path):
    assert leave(path)
    with warehouse_lock(path):
        assert left(path) <= {path.resolve().name}
    assert (path.parent / f"{path.name}.mine").exists()


def test_archive_restore_and_removal_sweep(path: Path, store: Store):
    leave(path)
    archive(path, store)
    assert left(path) <= {path.resolve().name}
    know_users(path, **{ADA: ["ada@x.example"]})
    leave(path)
    erase(path, ADA, ORDER)
    assert left(path) <= {path.resolve().name}
    leave(path)
    with pytest.raises(Exception, match="is not empty"):
        restore(path, store)
    assert left(path) <= {path.resolve().name}


def test_what_cannot_be_swept_fails_the_removal(path: Path, monkeypatch: pytest.MonkeyPatch):
    leave(path)

    def refuse(place: object, *_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(place))

    monkeypatch.setattr(shutil, "rmtree", refuse)
    for step in (lambda: erase(path, ADA, ORDER), lambda: warehouse_lock(path).__enter__()):
        with pytest.raises(WarehouseError, match="cannot be removed: Permission denied"):
            step()
    with open_warehouse(path, read_only=True) as connection:
        assert connection.execute("select count(*) from raw.removals").fetchall() == [(0,)]


def test_everything_beside_the_warehouse_is_listed(path: Path):
    names = ("warehouse.old", "warehouse.duckdb.bak", f"{path.name}.copy", f"{path.stem}-2025", ".hidden", "x")
    for name in names:
        (path.parent / name).touch()
    os.mkdir(path.parent / f"{path.name}.d")
    assert {*names, f"{path.name}.d"} <= set(list_beside(path))
    assert path.name not in list_beside(path)
