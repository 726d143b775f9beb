"""Publishing that is killed or runs out of disk: the previous publication stays, and nothing else."""

import subprocess
import sys
from pathlib import Path

import pytest

from orchestration.config.settings import ROOT

# Publishes one set of the warehouse argv[1] into argv[2], after running the code in argv[3].
PROGRAM = """
import os, resource, sys, time
from pathlib import Path
from orchestration.config.settings import ROOT
from orchestration.publish.marts import read_catalog
from orchestration.publish.duckdb_file import publish_database
from orchestration.publish.edition import read_edition
from orchestration.publish.errors import PublicationError
from orchestration.publish.parquet import publish_parquet
from orchestration.publish.sets import restricted
from orchestration.warehouse.connection import open_warehouse

published = restricted(read_catalog(ROOT / "dbt_project/target/manifest.json"), Path(sys.argv[2]))
with open_warehouse(Path(sys.argv[1])) as connection:
    edition = read_edition(connection, published)
    exec(sys.argv[3])
    try:
        publish(connection, published, edition)
    except PublicationError as error:
        sys.exit(str(error))
"""
DATABASE, PARQUET = "publish = publish_database\n", "publish = publish_parquet\n"
# Everything is written, nothing is replaced yet.
HALT = "os.replace = lambda *_: (print('halted', flush=True), time.sleep(60))\n"
NO_ROOM = "resource.setrlimit(resource.RLIMIT_FSIZE, (5_000, 5_000))\n"
ANOTHER = "import dataclasses; edition = dataclasses.replace(edition, fingerprint='another')\n"


def start(path: Path, directory: Path, code: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", PROGRAM, str(path), str(directory), code]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def content(directory: Path) -> dict[str, int]:
    """Every file and link that a reader can see, with what distinguishes its versions."""
    return {
        str(path.relative_to(directory)): path.lstat().st_ino
        for path in directory.rglob("*")
        if path.name != ".lock" and not path.name.startswith(".unfinished-")
        and not any(part.startswith(".unfinished-") for part in path.relative_to(directory).parts)
    }  # fmt: skip


@pytest.mark.parametrize("kind", [DATABASE, PARQUET], ids=["database", "parquet"])
def test_a_killed_publication_or_a_full_disk(copy: Path, tmp_path: Path, kind: str):
    directory = tmp_path / "published"
    assert start(copy, directory, kind).wait() == 0
    before = content(directory)
    with start(copy, directory, kind + ANOTHER + HALT) as process:
        assert process.stdout
        assert process.stdout.readline() == "halted\n"
        process.kill()
    assert before.items() <= content(directory).items()
    assert list(directory.glob(".unfinished-*"))
    process = start(copy, directory, kind + ANOTHER + NO_ROOM)
    _, error = process.communicate()
    assert process.returncode == 1
    assert "and that the disk has room; what was published before stays." in error
    assert error.count("\n") == 1
    assert before.items() <= content(directory).items()
    assert list(directory.glob(".unfinished-*")) == []


def test_an_unwritable_directory_is_one_sentence(copy: Path, tmp_path: Path):
    (tmp_path / "file").touch()
    process = start(copy, tmp_path / "file" / "published", DATABASE)
    _, error = process.communicate()
    assert error.startswith("Cannot publish into")
    assert "Check PUBLISHED_PATH" in error
