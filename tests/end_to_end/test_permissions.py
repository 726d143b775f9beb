"""Only the owner can read what we write, whatever the umask; a configured group can read what is published."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from orchestration.assets.project import project
from orchestration.config.settings import Settings
from orchestration.config.values import ConfigurationError
from orchestration.publish import files
from orchestration.publish.duckdb_file import publish_database
from orchestration.publish.edition import read_edition
from orchestration.publish.errors import PublicationError
from orchestration.publish.marts import read_catalog
from orchestration.publish.parquet import publish_parquet
from orchestration.publish.sets import restricted
from orchestration.warehouse.connection import open_warehouse
from tests.end_to_end.test_evidence import command

Built = tuple[Path, dg.ExecuteInProcessResult]


def modes(root: Path) -> dict[str, int]:
    """The group and other permissions of everything in a directory. Links have none."""
    return {
        str(path.relative_to(root)): path.stat().st_mode & 0o777
        for path in root.rglob("*")
        if not path.is_symlink()
    }


def is_private(root: Path) -> bool:
    found = modes(root)
    wrong = {
        name: oct(mode) for name, mode in found.items() if mode != (0o700 if (root / name).is_dir() else 0o600)
    }
    assert wrong == {}
    return bool(found)


@pytest.fixture
def open_umask() -> Iterator[None]:
    """A shell with umask 0."""
    before = os.umask(0)
    yield
    os.umask(before)


def test_all_that_a_refresh_leaves_is_private(built: Built):
    home = built[0].parent
    assert is_private(home)
    expected = {"warehouse.duckdb", "warehouse.duckdb.lock", "warehouse.dbt", "published", "published-general"}
    assert expected <= {path.name for path in home.iterdir()}


@pytest.mark.usefixtures("open_umask")
def test_all_that_commands_write_is_private(built: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    place = tmp_path / "place"
    place.mkdir(0o700)
    shutil.copyfile(built[0], place / "warehouse.duckdb")
    (place / "warehouse.duckdb").chmod(0o600)
    path = place / "warehouse.duckdb"
    for arguments in (
        ("seals", "--export", str(place / "seals.tsv")),
        ("attest", "--output", str(place / "statements" / "of may")),
    ):
        assert command(monkeypatch, path, *arguments) == 0
        os.umask(0)
    assert is_private(place)
    assert {"seals.tsv", "statements", "home"} <= {one.name for one in place.iterdir()}


def publish(path: Path, directory: Path, group: int | None) -> None:
    published = restricted(read_catalog(project.manifest_path), directory, group)
    with open_warehouse(path) as connection:
        edition = read_edition(connection, published)
        publish_database(connection, published, edition)
        publish_parquet(connection, published, edition)


def test_a_named_group_may_read_what_is_published_and_nothing_else(built: Built, tmp_path: Path):
    """Also if the edition exists already and only the group is new."""
    path, directory = tmp_path / "warehouse.duckdb", tmp_path / "published"
    shutil.copyfile(built[0], path)
    # Root may assign any group, others only their own.
    group = 1 if os.geteuid() == 0 else [os.getgid(), *os.getgroups()][-1]
    publish(path, directory, None)
    assert is_private(directory)
    publish(path, directory, group)
    assert directory.stat().st_mode & 0o777 == 0o750
    readable = {name: mode for name, mode in modes(directory).items() if name != ".lock"}
    assert {mode for name, mode in readable.items() if (directory / name).is_dir()} == {0o750}
    assert {mode for name, mode in readable.items() if (directory / name).is_file()} == {0o640}
    assert {(directory / name).stat().st_gid for name in readable} == {group}
    assert (directory / ".lock").stat().st_mode & 0o077 == 0


def test_what_else_lies_in_a_published_directory_is_left_alone(tmp_path: Path):
    """Such as a whole checkout, with its keys and programs."""
    (tmp_path / "bin").mkdir(0o755)
    for name, mode in ((".env", 0o600), ("bin/python", 0o755), ("bin/.parquet-x", 0o755)):
        (tmp_path / name).touch()
        (tmp_path / name).chmod(mode)
    before = modes(tmp_path)
    for group in (os.getegid(), None):
        files.share(tmp_path, group)
        assert modes(tmp_path) == before


def test_an_unknown_group_is_one_sentence():
    assert Settings.read({}).published_group is None
    with pytest.raises(ConfigurationError, match="PUBLISHED_GROUP is 'no such group', and this machine has no"):
        Settings.read({"PUBLISHED_GROUP": "no such group"})


def test_a_group_that_we_may_not_assign_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Patched, because tests may run as root, who may assign any group."""

    def refuse(path: Path, *_: int) -> None:
        raise PermissionError(1, "Operation not permitted", str(path))

    monkeypatch.setattr(files.os, "chown", refuse)
    with pytest.raises(PublicationError, match="cannot be assigned to PUBLISHED_GROUP"):
        files.share(tmp_path, 1)
