"""Paths of the product that lie where another writes are refused before anything is written."""

import os
import subprocess
import sys
from datetime import date
from itertools import permutations
from pathlib import Path

import duckdb
import pytest

from orchestration.access_review.review import write_review
from orchestration.attestation.attest import Period, attest
from orchestration.config.paths import check_paths
from orchestration.config.settings import ROOT
from orchestration.config.values import ConfigurationError
from orchestration.durable_files import write_durably
from orchestration.errors import ExplainedError
from orchestration.evidence.seal_file import export
from orchestration.privacy.subject_report import write_report
from orchestration.publish.marts import Catalog
from orchestration.warehouse.answers import Answer
from tests.histories import build

USUAL = {
    "WAREHOUSE_PATH": "data/compliance.duckdb",
    "PUBLISHED_PATH": "published",
    "PUBLISHED_GENERAL_PATH": "general",
    "ARCHIVE_PATH": "archive",
    "SIEM_PATH": "siem",
    "DAGSTER_HOME": "home",
}
DIRECTORIES = [name for name in USUAL if name != "WAREHOUSE_PATH"]


def environment(root: Path, **changes: str) -> dict[str, str]:
    return {name: str(root / value) for name, value in (USUAL | changes).items()}


def refused(root: Path, **changes: str) -> bool:
    try:
        check_paths(environment(root, **changes))
    except ConfigurationError:
        return True
    return False


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"PUBLISHED_PATH": "data/p", "PUBLISHED_GENERAL_PATH": "data/general", "ARCHIVE_PATH": "data/archive"},
        {"DAGSTER_HOME": "data", "PUBLISHED_PATH": "data/published"},
        {"PUBLISHED_PATH": "data/compliance", "PUBLISHED_GENERAL_PATH": "data/compliance-general"},
        {"WAREHOUSE_PATH": "my data/ärger #1.duckdb"},
    ],
)  # fmt: skip
def test_what_is_apart_is_accepted(tmp_path: Path, changes: dict[str, str]):
    assert not refused(tmp_path, **changes)


def test_the_defaults_and_a_store_are_accepted():
    check_paths({})
    check_paths({"ARCHIVE_PATH": "s3://bucket/published"})


@pytest.mark.parametrize(("one", "other"), list(permutations(DIRECTORIES, 2)))
def test_two_directories_are_never_one_whatever_links_lead_there(tmp_path: Path, one: str, other: str):
    place = USUAL[other]
    assert refused(tmp_path, **{one: place})
    assert refused(tmp_path, **{one: f"x/../{place}"})
    if other != "DAGSTER_HOME":
        assert refused(tmp_path, **{one: f"{place}/within"})
    else:
        assert refused(tmp_path, **{one: f"{place}/storage"})
    (tmp_path / place).mkdir(exist_ok=True)
    (tmp_path / "link").symlink_to(place)
    assert refused(tmp_path, **{one: "link"})


@pytest.mark.parametrize("name", DIRECTORIES)
def test_no_directory_is_where_the_warehouse_is(tmp_path: Path, name: str):
    for place in (
        "data/compliance.duckdb", "data/compliance.duckdb/x", "data/compliance.duckdb.archiving",
        "data/compliance.duckdb.archiving/x", "data/compliance.duckdb.restoring", "data/compliance.duckdb.files",
        "data/compliance.duckdb.tmp", "data/compliance.duckdb.wal", "data/compliance.duckdb.lock",
        "data/compliance.dbt",
    ):  # fmt: skip
        assert refused(tmp_path, **{name: place}), place
    if name == "DAGSTER_HOME":
        assert refused(tmp_path, WAREHOUSE_PATH="home/dagster.yaml")
        assert refused(tmp_path, WAREHOUSE_PATH="home/storage/x.duckdb")
        return
    for place in ("data", ".", "data/.", "data/x/.."):
        assert refused(tmp_path, **{name: place}), place
    (tmp_path / "data").mkdir()
    (tmp_path / "link").symlink_to("data")
    assert refused(tmp_path, **{name: "link"})
    # The file itself may be a link into such a directory.
    (tmp_path / "data/compliance.duckdb").symlink_to(tmp_path / USUAL[name] / "compliance.duckdb")
    assert refused(tmp_path)


@pytest.mark.parametrize(
    "file",
    ["raw.duckdb", "RAW.db", "marts.duckdb", "delivered", "raw", "system.x",
     "it's.duckdb", 'a"b.db', "o\nx/a.db", "a\nb"],
)  # fmt: skip
def test_a_warehouse_that_the_engine_could_not_name_is_refused(tmp_path: Path, file: str):
    assert refused(tmp_path, WAREHOUSE_PATH=file)


@pytest.mark.parametrize(
    "address",
    [
        "s3://bucket/prefix",
        "S3:/bucket",
        "gs://bucket",
        "file:///tmp/x",
        "https://a.b/c",
        "md:lake",
        "postgres:db",
    ],
)
def test_an_address_is_no_path(tmp_path: Path, address: str):
    stores = ("ARCHIVE_PATH", "SIEM_PATH") if address.startswith("s3://") else ()
    for name in (one for one in USUAL if one not in stores):
        with pytest.raises(ConfigurationError, match=f"^{name} is '{address}'.* Use a ") as refusal:
            check_paths(environment(tmp_path) | {name: address})
        assert str(refusal.value).count("\n") == 0


def test_nothing_is_written_to_an_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """It would be a directory of that name wherever the command was started."""
    monkeypatch.chdir(tmp_path)
    here, address = tmp_path / "w.duckdb", Path("s3://bucket/files")
    with duckdb.connect() as connection:
        for write in (
            lambda: attest(here, Period(date(2026, 1, 1), date(2026, 1, 31)), address),
            lambda: write_review(here, address),
            lambda: write_report(here, Catalog((), "0" * 64), "user_ada", address),
            lambda: export(connection, address),
        ):
            with pytest.raises(
                ConfigurationError, match="only ARCHIVE_PATH, SIEM_PATH and SPARK_WAREHOUSE can be one"
            ):
                write()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", [*USUAL])
def test_a_circle_of_links_is_one_sentence(tmp_path: Path, name: str):
    (tmp_path / "one").symlink_to(tmp_path / "other")
    (tmp_path / "other").symlink_to(tmp_path / "one")
    assert refused(tmp_path, **{name: "one"})


def test_nothing_that_a_command_or_a_setting_names_overwrites_a_warehouse(tmp_path: Path):
    path = tmp_path / "w.duckdb"
    build(path)
    before = path.read_bytes()
    (tmp_path / "link").symlink_to(path)
    with duckdb.connect() as connection:
        connection.execute("create schema raw")
        connection.execute("attach ? as w (read_only)", [str(path)])
        connection.execute("create view raw.day_seals as from w.raw.day_seals")
        for file in (path, tmp_path / "link"):
            for write in (
                lambda file: export(connection, file),
                lambda file: Answer(["a"], [(1,)]).write_workbook(file),
                lambda file: write_durably(file, "x"),
            ):
                with pytest.raises((OSError, ExplainedError), match="it is a DuckDB database"):
                    write(file)
    assert path.read_bytes() == before


@pytest.mark.parametrize("command", ["refresh", "verify"])
def test_a_command_refuses_before_it_writes_anything(tmp_path: Path, command: str):
    given = environment(tmp_path, PUBLISHED_PATH="data", DAGSTER_HOME="home")
    before = set(tmp_path.rglob("*"))
    done = subprocess.run(
        [sys.executable, "-m", "orchestration", command],
        cwd=ROOT, env=os.environ | given, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.startswith(f"PUBLISHED_PATH ({tmp_path}/data) is where the warehouse ")
    assert done.stderr.count("\n") == 1
    assert set(tmp_path.rglob("*")) == before
