"""An engine that opened one file opens the next as a new engine would."""

import os
from pathlib import Path

import duckdb
import pytest

from orchestration.warehouse.connection import open_warehouse
from orchestration.warehouse.engine import in_memory
from orchestration.warehouse.errors import WarehouseError

SPILLED = "set memory_limit = '60MB'; select count(distinct repeat(range::varchar, 9)) from range(1_500_000)"

MEMORY = Path("/proc/self/statm")


def resident() -> int:
    """Megabytes of this process that are in memory."""
    return int(MEMORY.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 2**20


@pytest.mark.parametrize(
    "left",
    [
        "set threads = 1",
        "create temp table left_over (a int)",
        "attach ':memory:' as other",
        "attach 'x.db'",
        SPILLED,
        "create table memory.left_over (a int)",
        "create view memory.left_over as select 1",
        "begin",
    ],
)
def test_nothing_of_one_opening_is_in_the_next(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, left: str
):
    monkeypatch.chdir(tmp_path)
    state = (
        "select current_setting('threads'), current_setting('memory_limit'), current_setting('temp_directory'), "
        "(select list(database_name) from duckdb_databases() where not internal), "
        "(select count(*) from duckdb_tables() where database_name <> 'warehouse'), "
        "(select count(*) from duckdb_views() where not internal and database_name <> 'warehouse')"
    )
    with open_warehouse(path) as connection:
        before = connection.execute(state).fetchall()
        connection.execute(left)
    with open_warehouse(path) as connection:
        assert connection.execute(state).fetchall() == before
    # And the file is closed.
    with duckdb.connect(str(path)):
        assert not Path(f"{path}.tmp").exists()


def test_an_engine_without_a_file_knows_none_and_leaves_nothing(path: Path):
    with open_warehouse(path):
        pass
    with in_memory(threads=1) as connection:
        assert connection.execute("select current_setting('temp_directory'), current_database()").fetchall() == [
            ("", "memory")
        ]
    with open_warehouse(path) as connection:
        assert connection.execute("select current_setting('temp_directory')").fetchall() == [(f"{path}.tmp",)]


@pytest.mark.skipif(not MEMORY.exists(), reason="no /proc")
def test_an_engine_that_waits_keeps_no_memory(path: Path):
    with open_warehouse(path) as connection:
        connection.execute("select 1").fetchall()
    before = resident()
    with open_warehouse(path) as connection:
        connection.execute("select count(distinct repeat(range::varchar, 9)) from range(3_000_000)").fetchall()
    assert resident() - before < 75


def test_who_opens_it_twice_at_once_waits_for_the_first(path: Path):
    with (
        open_warehouse(path),
        pytest.raises(WarehouseError, match="held by another thread or process"),
        open_warehouse(path, wait_seconds=0.3),
    ):
        pass
