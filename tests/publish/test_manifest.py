"""Published files that were edited, lost, added or left behind are detected, published again or removed."""

import itertools
import json
import logging
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import pytest

from orchestration.config.settings import ROOT
from orchestration.publish.manifest import check_published
from tests.end_to_end.conftest import run
from tests.end_to_end.test_evidence import command
from tests.end_to_end.test_publishing import AGAIN, change, facts_of, publish
from tests.rows import rows

Built = tuple[Path, dg.ExecuteInProcessResult]
NOTHING = (False, None)


@pytest.fixture(scope="module")
def template(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a copy of the built warehouse and what is published from it."""
    directory = tmp_path_factory.mktemp("template")
    shutil.copyfile(built[0], directory / "copy.duckdb")
    publish(directory / "copy.duckdb", directory / "published")
    return directory


@pytest.fixture
def warehouse(template: Path, tmp_path: Path) -> Path:
    shutil.copytree(template, tmp_path, symlinks=True, dirs_exist_ok=True)
    return tmp_path / "copy.duckdb"


@pytest.fixture
def directory(warehouse: Path) -> Path:
    return warehouse.parent / "published"


def flip(path: Path) -> None:
    """Change one byte in place and keep the file's modification time."""
    before, content = path.stat(), bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def first_of(pattern: str) -> Callable[[Path], Path]:
    return lambda directory: min((directory / "parquet").resolve().glob(pattern))


MONTH, WHOLE, ABOUT = (first_of(p) for p in ("activities/month=*/*.parquet", "users/*.parquet", "_published/*"))


def to_database(directory: Path) -> Path:
    return directory / "compliance.duckdb"


def remove(path: Path) -> None:
    shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


DAMAGE = {
    "database edited": lambda d: flip(to_database(d)),
    "database cut": lambda d: os.truncate(to_database(d), 4096),
    "database gone": lambda d: remove(to_database(d)),
    "database's manifest gone": lambda d: remove(d / "compliance.duckdb.json"),
    "month edited": lambda d: flip(MONTH(d)),
    "month gone": lambda d: remove(MONTH(d)),
    "table edited": lambda d: flip(WHOLE(d)),
    "table gone": lambda d: remove(WHOLE(d).parent),
    "facts gone": lambda d: remove(ABOUT(d)),
    "file added": lambda d: shutil.copyfile(MONTH(d), MONTH(d).with_name("another.parquet")),
    "link turned away": lambda d: (remove(d / "parquet"), (d / "parquet").symlink_to(d.parent)),
    "edition gone": lambda d: remove((d / "parquet").resolve()),
    "everything of Parquet gone": lambda d: (remove((d / "parquet").resolve()), remove(d / "parquet")),
}


def test_what_nobody_changed_is_not_published_again(warehouse: Path, directory: Path, monkeypatch):
    monkeypatch.setenv("PUBLISHED_PATH", str(directory))
    monkeypatch.setenv("PUBLISHED_GENERAL_PATH", str(directory.parent / "none"))
    assert command(monkeypatch, warehouse, "verify", "--published") == 0
    assert publish(warehouse, directory) == NOTHING


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_changed_files_are_detected(directory: Path, damage: Callable[[Path], object]):
    damage(directory)
    assert check_published(directory).finding_count


@pytest.mark.parametrize(
    "damages",
    [
        ("database edited", "month edited", "table gone"),
        ("database gone", "month gone", "table edited", "facts gone", "file added"),
        ("database's manifest gone", "edition gone"),
        ("link turned away",),
        ("database cut", "everything of Parquet gone"),
    ],
    ids=" and ".join,
)
def test_changed_files_are_published_again(
    warehouse: Path, directory: Path, damages: tuple[str, ...], monkeypatch, capsys
):
    monkeypatch.setenv("PUBLISHED_PATH", str(directory))
    monkeypatch.setenv("PUBLISHED_GENERAL_PATH", str(directory.parent / "none"))
    for damage in damages:
        DAMAGE[damage](directory)
    assert command(monkeypatch, warehouse, "verify", "--published") == 1
    assert "published: published_files_hold: " in capsys.readouterr().err
    assert publish(warehouse, directory) != NOTHING
    assert command(monkeypatch, warehouse, "verify", "--published") == 0
    count = "select count(*) from marts.activities"
    assert rows(to_database(directory), count) == rows(warehouse, count)
    files = f"'{directory}/parquet/activities/**/*.parquet'"
    assert rows(warehouse, f"select count(*) from {files}") == rows(warehouse, count)


def test_a_run_reports_that_it_publishes_again(warehouse: Path, directory: Path, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.INFO, "orchestration")
    flip(to_database(directory))
    flip(WHOLE(directory))
    result = run("publish", warehouse, {})
    for name in ("database", "parquet"):
        assert facts_of(result, name)["outcome"].startswith("Published again: ")
    assert "compliance.duckdb in " in caplog.text
    assert facts_of(run("publish", warehouse, {}), "parquet")["outcome"].startswith("Nothing has changed")


def test_an_edited_month_is_not_shared_with_the_next_edition(warehouse: Path, directory: Path):
    month = MONTH(directory)
    name = month.relative_to((directory / "parquet").resolve()).parent
    before = month.read_bytes()
    flip(month)
    change(warehouse, "update raw.dbt_runs set through_ingest_seq = through_ingest_seq",
           "delete from raw.activity_revisions", "insert into raw.activity_revisions by name "
           "select * from raw.activities limit 1")  # fmt: skip
    assert publish(warehouse, directory)[1]
    [again] = (directory / "parquet" / name).glob("*.parquet")
    assert again.read_bytes() != month.read_bytes() or again.read_bytes() == before


def test_names_in_a_manifest_or_a_link_cannot_lead_elsewhere(warehouse: Path, directory: Path):
    victim = warehouse.parent / "victim"
    victim.write_text("private")
    victim.chmod(0o600)
    manifest = (directory / "parquet").resolve() / "_edition.json"
    facts = json.loads(manifest.read_text())
    months = facts["files"]["activities"].values()
    names = ["../../../victim", str(victim), "activities/../../victim", "users/x.parquet"]
    assert len(months) >= len(names)
    for month, name in zip(months, itertools.cycle(names), strict=False):
        facts["published_files"][name] = facts["published_files"].get(month["path"])
        month["path"] = name
    manifest.write_text(json.dumps(facts))
    change(warehouse, "update raw.dbt_runs set build_id = 'x', is_full_refresh = false", AGAIN)
    publish(warehouse, directory)
    assert victim.stat().st_nlink == 1
    (directory / "parquet").unlink()
    (directory / "parquet").symlink_to("..")
    publish(warehouse, directory)
    assert victim.read_text() == "private"
    assert victim.stat().st_mode & 0o777 == 0o600
    assert (directory / "parquet").resolve().name.startswith(".parquet-")


def test_an_edition_left_by_a_killed_publication_is_removed_by_the_next(warehouse: Path, directory: Path):
    """Killed after the link was switched and before old editions were removed."""
    left = directory / f".parquet-{'0' * 32}"
    shutil.copytree((directory / "parquet").resolve(), left)
    assert publish(warehouse, directory) == NOTHING
    assert not left.exists()
    before = (directory / "parquet").resolve()
    change(warehouse, AGAIN)
    publish(warehouse, directory)
    assert publish(warehouse, directory) == NOTHING
    assert before.exists()


def test_without_the_group_the_files_are_private_again(copy: Path):
    import grp

    group = grp.getgrgid(os.getegid()).gr_name
    run("publish", copy, {"PUBLISHED_GROUP": group})
    change(copy, AGAIN)
    run("publish", copy, {"PUBLISHED_GROUP": group})
    directory = copy.parent / "published"
    assert [one.name for one in directory.rglob("*") if one.stat().st_mode & 0o077]
    run("publish", copy, {"PUBLISHED_GROUP": ""})
    assert [one.name for one in (directory, *directory.rglob("*")) if one.stat().st_mode & 0o077] == []


@pytest.mark.parametrize("how", ["path", "link", "hard link"])
def test_the_warehouse_is_never_published_over(built: Built, tmp_path: Path, how: str):
    path = tmp_path / "compliance.duckdb"
    path.write_bytes(built[0].read_bytes())
    directory = tmp_path
    if how != "path":
        directory = tmp_path / "published"
        directory.mkdir()
        make = os.symlink if how == "link" else os.link
        make(path, directory / "compliance.duckdb")
    result = run("publish", path, {"PUBLISHED_PATH": str(directory)})
    assert not result.success
    assert rows(path, "select count(*) > 0 from raw.activities") == [(True,)]
    assert ROOT not in directory.parents
