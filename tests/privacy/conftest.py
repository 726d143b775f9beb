"""A sealed warehouse that names people, with them and without."""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from orchestration.evidence import seal_file
from orchestration.privacy.erasure import erase
from orchestration.warehouse.connection import open_warehouse
from tests.histories import FIRST_DAY, build, record
from tests.privacy.people import ADA, BOB, DAY, EMAIL, ORDER, again, by, know_users, seal


@pytest.fixture(scope="session")
def texts() -> dict[str, bytes]:
    """Two activities of Ada, one that names her in capitals and escaped, and one of Bob; on the first two days."""
    hour = timedelta(hours=1)
    named = record("named", FIRST_DAY + DAY, **by(BOB), note="to ADA@example.com.")
    return {
        "ada_1": record("ada_1", FIRST_DAY + hour, **by(ADA, EMAIL)),
        "ada_2": record("ada_2", FIRST_DAY + 2 * hour, **by(ADA, EMAIL)),
        "named": named.replace(b"@example.com.", b"\\u0040example.com."),
        "bob": record("bob", FIRST_DAY + DAY + hour, **by(BOB)),
    }


@pytest.fixture(scope="session")
def sealed(texts, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five days, four of them sealed, with a kept copy of their seals; one activity of Ada has a revision."""
    path = tmp_path_factory.mktemp("sealed") / "warehouse.duckdb"
    build(path)
    again(path, texts["ada_1"], texts["ada_2"])
    again(path, texts["named"], texts["bob"], day=FIRST_DAY + DAY)
    again(path, record("ada_1", FIRST_DAY, **by(ADA, EMAIL), changed=True))
    know_users(path, **{ADA: [EMAIL], BOB: [f"{BOB}@example.com"]})
    seal(path)
    with open_warehouse(path, read_only=True) as connection:
        seal_file.export(connection, path.with_name("seals.txt"))
    return path


@pytest.fixture(scope="session")
def removed(sealed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same without Ada."""
    path = tmp_path_factory.mktemp("removed") / "warehouse.duckdb"
    shutil.copyfile(sealed, path)
    assert erase(path, ADA, ORDER)
    return path


@pytest.fixture
def erased(removed: Path, path: Path) -> Path:
    """A copy to work on, without Ada."""
    shutil.copyfile(removed, path)
    return path
