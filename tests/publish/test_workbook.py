"""The workbook beside the published file: the sheets that auditors ask for, of the same edition, for each set."""

import json
from pathlib import Path
from zipfile import ZipFile

import dagster as dg
from pydantic import SecretStr

from orchestration.assets.project import project
from orchestration.publish import workbook
from orchestration.publish.duckdb_file import publish_database
from orchestration.publish.edition import read_edition
from orchestration.publish.manifest import check_published
from orchestration.publish.marts import read_catalog
from orchestration.publish.pseudonyms import Pseudonyms
from orchestration.publish.sets import PublishedSet, general, restricted
from orchestration.publish.workbook import publish_workbook, remove_workbook
from orchestration.warehouse.connection import open_warehouse

Built = tuple[Path, dg.ExecuteInProcessResult]
CATALOG = read_catalog(project.manifest_path)


def publish(path: Path, published: PublishedSet) -> bool:
    with open_warehouse(path) as connection:
        publish_database(connection, published, read_edition(connection, published))
    return publish_workbook(published)


def texts(file: Path) -> tuple[list[str], str]:
    """The names of the sheets, and everything in them."""
    with ZipFile(file) as opened:
        parts = {name: opened.read(name).decode() for name in opened.namelist() if name.endswith(".xml")}
    names = [part.split('"')[0] for part in parts["xl/workbook.xml"].split('<sheet name="')[1:]]
    return names, "".join(text for name, text in parts.items() if "worksheets" in name)


def test_it_has_the_sheets_of_the_marts_and_follows_the_edition(copy: Path, tmp_path: Path, monkeypatch):
    published = restricted(CATALOG, tmp_path / "published")
    assert publish(copy, published)
    file = tmp_path / "published" / "compliance.xlsx"
    names, text = texts(file)
    assert names == ["Contents", "Completeness", *sorted(mart.sheet for mart in CATALOG.marts if mart.sheet)]
    assert "ada.okafor@meridian.example" in text
    assert not publish(copy, published), "nothing is new"
    with file.open("ab") as edited:
        edited.write(b"x")
    assert "compliance.xlsx" in (check_published(tmp_path / "published").first or "")
    monkeypatch.setattr(workbook, "MAX_ROWS", 10)
    assert publish(copy, published), "what was edited is written again"
    newest = texts(file)[1]
    assert len(newest) < len(text) / 5
    remove_workbook(published)
    assert sorted(one.name for one in file.parent.glob("compliance*")) == [
        "compliance.duckdb",
        "compliance.duckdb.json",
    ]


def test_that_of_the_general_set_names_nobody(copy: Path, tmp_path: Path):
    published = general(CATALOG, Pseudonyms(SecretStr("k" * 32)), tmp_path / "general")
    assert publish(copy, published)
    assert "@" not in texts(tmp_path / "general" / "compliance.xlsx")[1].replace("@ ", "")


def test_the_setting_decides(built: Built, tmp_path: Path):
    from tests.end_to_end.conftest import run

    path = tmp_path / "warehouse.duckdb"
    path.write_bytes(built[0].read_bytes())
    assert run("publish", path, {"PUBLISHED_WORKBOOK": "true"}).success
    file = tmp_path / "published" / "compliance.xlsx"
    assert json.loads(file.with_suffix(".xlsx.json").read_text())["byte_count"] == file.stat().st_size
    assert run("publish", path, {}).success
    assert not file.exists()
