"""A warehouse with sealed days."""

from datetime import timedelta
from pathlib import Path

import pytest

from orchestration.evidence import seal_file
from orchestration.evidence.seals import seal_days
from orchestration.warehouse.connection import open_warehouse
from tests.histories import FIRST_DAY, build, land_slice, record


@pytest.fixture(scope="session")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five days of activities, four of them sealed, and a file of their seals beside them."""
    path = tmp_path_factory.mktemp("sealed") / "warehouse.duckdb"
    build(path)
    with open_warehouse(path) as connection:
        # Other content for one activity, and one that is known.
        known = record("activity_02", FIRST_DAY + timedelta(hours=2))
        land_slice(connection, record("activity_01", FIRST_DAY, changed=True), known)
        seal_days(connection)
        seal_file.export(connection, path.with_name("seals.txt"))
    return path
