"""Names in an archive are untrusted: none leads outside the archive or the directory restored into."""

import json
from datetime import date
from pathlib import Path

import duckdb
import pytest

from orchestration.archive.check import check_archive
from orchestration.archive.errors import ArchiveError
from orchestration.archive.offload import drop_old_days
from orchestration.archive.restore import restore
from orchestration.archive.storage.parquet import file_sha256
from orchestration.archive.storage.store import Store
from orchestration.warehouse.connection import open_warehouse
from tests.archive.conftest import archive

WRONG = [
    "../victim.parquet",
    "../../victim",
    "/tmp/victim.parquet",
    "activities/../../victim.parquet",
    "activities/source=a/../../../victim.parquet",
    "activities//x.parquet",
    "./x.parquet",
    "a\\b.parquet",
    "a\nb.parquet",
    "a\0b.parquet",
    "~/x.parquet",
    "",
]


@pytest.fixture
def tmp_path(tmp_path: Path) -> Path:
    """A directory below others that belong to the test alone, where what leads out of it would be found."""
    inner = tmp_path / "outer" / "inner"
    inner.mkdir(parents=True)
    return inner


def everything(tmp_path: Path) -> set[Path]:
    return {path for path in tmp_path.parents[1].rglob("*") if path.suffix != ".lock"}


def rewrite_ledger(place: Path, statement: str) -> None:
    """Change the list of parts in the snapshot, and its manifest with it."""
    file, manifest = (place / "ledger/00000001" / name for name in ("archive_files.parquet", "manifest.json"))
    with duckdb.connect() as connection:
        connection.execute(f"create table parts as from '{file}'")
        connection.execute(statement)
        connection.execute(f"copy parts to '{file}' (format parquet)")
    facts = json.loads(manifest.read_text())
    facts["tables"]["archive_files"]["file_sha256"] = file_sha256(file)
    manifest.write_text(json.dumps(facts))


def test_a_table_of_the_manifest_leads_nowhere_else(archived: Path, tmp_path: Path, place: Path, store: Store):
    manifest = place / "ledger/00000001/manifest.json"
    honest, before = manifest.read_text(), everything(tmp_path)
    for name in WRONG:
        facts = json.loads(honest)
        facts["tables"][name.removesuffix(".parquet")] = facts["tables"]["extracts"]
        manifest.write_text(json.dumps(facts))
        with pytest.raises(ArchiveError, match=r"manifest\.json in .* is damaged"):
            restore(tmp_path / "restored.duckdb", store)
        assert everything(tmp_path) == before


def test_a_part_of_the_ledger_leads_nowhere_else(archived: Path, tmp_path: Path, place: Path, store: Store):
    before = everything(tmp_path)
    for name in WRONG:
        quoted = name.replace("\0", "' || chr(0) || '")
        rewrite_ledger(place, f"update parts set path = '{quoted}' where activity_date = date '2026-05-02'")
        with pytest.raises(ArchiveError, match="is not the name of a part of an archive"):
            restore(tmp_path / "restored.duckdb", store)
        assert everything(tmp_path) == before


def test_no_step_of_the_archive_takes_a_file_elsewhere(archived: Path, tmp_path: Path, store: Store):
    target = tmp_path / "fetched"
    for name in WRONG:
        with open_warehouse(archived) as connection:
            connection.execute(
                "update raw.archive_files set path = ? where activity_date = ?", [name, date(2026, 5, 1)]
            )
        found = {one.name: one for one in check_archive(archived, store)}
        assert found["archived_files_hold"].finding_count == 2
        for step in (
            lambda _: drop_old_days(archived, store, 0),
            store.read,
            store.sha256,
            store.url,
            store.sizes,
            lambda one: store.delete([one]),
            lambda one: store.fetch({one: target}),
            lambda one: store.put({one: archived}),
        ):
            with pytest.raises(ArchiveError, match="is not the name of"):
                step(name)
        assert not target.exists()


@pytest.mark.parametrize("source", ["../../victim", "/tmp/victim", "a/b", "", "a\nb", ".."])
def test_a_source_of_any_name_is_archived_nowhere_else(landed: Path, tmp_path: Path, store: Store, source: str):
    with open_warehouse(landed) as connection:
        for table in ("activities", "extracts", "sources"):
            connection.execute(f"update raw.{table} set source = ?", [source])
    before = everything(tmp_path)
    with pytest.raises(ArchiveError, match="is not the name of a part"):
        archive(landed, store)
    assert {path for path in everything(tmp_path) - before if path != tmp_path / "archive"} == set()
