"""The file itself: locked by another process, of another program, missing."""

import errno
import os
from pathlib import Path

import duckdb
import pytest

from orchestration.durable_files import link_or_copy
from orchestration.evidence.seals import seal_days
from orchestration.verification.verify import verify
from orchestration.warehouse.connection import open_warehouse, warehouse_lock
from orchestration.warehouse.errors import WarehouseError
from tests.histories import build
from tests.rows import held


def test_a_file_held_by_another_process_is_reported_with_its_number(path: Path):
    with (
        held(path) as holder,
        pytest.raises(WarehouseError, match=f"held by process {holder}"),
        open_warehouse(path, wait_seconds=0.3),
    ):
        pass
    with open_warehouse(path):
        pass


def test_a_file_that_is_not_a_database_is_left_alone(path: Path):
    path.write_bytes(b"notes of a meeting\n" * 500)
    with pytest.raises(WarehouseError, match="not a DuckDB database"), open_warehouse(path):
        pass
    assert path.read_bytes() == b"notes of a meeting\n" * 500


def test_somebody_else_s_database_is_left_alone(tmp_path: Path):
    path = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create table main.customers (id integer)")
    with pytest.raises(WarehouseError, match=r"belongs to something else .*main\.customers"), open_warehouse(path):
        pass


def test_a_newer_warehouse_is_left_alone(path: Path):
    with open_warehouse(path) as connection:
        connection.execute("update raw.schema_version set version = 99")
    with pytest.raises(WarehouseError, match="newer version"), open_warehouse(path):
        pass


def test_a_warehouse_of_the_first_version_grows_with_the_next_writing(path: Path):
    """Its seals stay what they were, and nobody who only reads changes it."""
    build(path)
    with open_warehouse(path) as connection:
        seal_days(connection)
        seals = connection.execute("select seal_sha256 from raw.day_seals order by seal_number").fetchall()
        for statement in (
            "drop table raw.removals", "drop table raw.removed_activities", "drop table raw.removed_days",
            "drop table raw.removed_extracts", "alter table raw.day_seals drop column removal_sha256",
            "update raw.schema_version set version = 1",
        ):  # fmt: skip
            connection.execute(statement)
    with (
        pytest.raises(WarehouseError, match="last written by an older version"),
        open_warehouse(path, read_only=True),
    ):
        pass
    with open_warehouse(path) as connection:
        seal_days(connection)
        assert connection.execute("select seal_sha256 from raw.day_seals order by seal_number").fetchall() == seals
        assert connection.execute("select list(version order by version) from raw.schema_version").fetchall() == [
            ([1, 6],)
        ]
    assert verify(path).findings == []


def test_what_was_left_when_the_file_was_made_is_swept(path: Path):
    """Linked, and killed before the draft was gone: a second name, under which removed bytes would stay."""
    with open_warehouse(path):
        pass
    draft = path.with_name(f"{path.name}.{'0' * 32}.new")
    os.link(path, draft)
    with open_warehouse(path, read_only=True):
        assert draft.exists()
    with open_warehouse(path):
        assert not draft.exists()


def test_a_missing_file_is_not_made_by_reading(tmp_path: Path):
    path = tmp_path / "warehouse.duckdb"
    with pytest.raises(WarehouseError, match="make refresh"), open_warehouse(path, read_only=True):
        pass
    assert not path.exists()


@pytest.mark.parametrize(
    "address", ["md:compliance", "ducklake:postgres:dbname=lake", "s3://bucket/compliance.duckdb"]
)
def test_an_address_is_not_made_a_file(address: str, tmp_path: Path):
    for opened in (open_warehouse, warehouse_lock):
        with pytest.raises(WarehouseError, match="is an address"), opened(tmp_path / address):
            pass
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_cannot_be_made_is_reported(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(WarehouseError, match="WAREHOUSE_PATH"), open_warehouse(tmp_path / "file" / "w.duckdb"):
        pass


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_directory_without_permission_is_reported(tmp_path: Path):
    tmp_path.chmod(0o500)
    with pytest.raises(WarehouseError, match="WAREHOUSE_PATH"), open_warehouse(tmp_path / "w.duckdb"):
        pass


def test_the_file_is_closed_after_an_error(path: Path):
    with pytest.raises(ZeroDivisionError), open_warehouse(path):
        _ = 1 / 0
    with duckdb.connect(str(path), config={"threads": "1"}):
        pass


def test_one_step_at_a_time(path: Path):
    with (
        warehouse_lock(path),
        pytest.raises(WarehouseError, match="Another run"),
        warehouse_lock(path, wait_seconds=0.2),
    ):
        pass


@pytest.mark.parametrize("number", [errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS])
def test_a_file_system_without_hard_links_will_do(path: Path, monkeypatch: pytest.MonkeyPatch, number: int):
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "link", refuse)
    with open_warehouse(path) as connection:
        connection.execute("insert into raw.builds values (now()::timestamp, 'x', 1, null, null)")
    with open_warehouse(path) as connection:
        assert connection.execute("select count(*) from raw.builds").fetchall() == [(1,)]
    assert [one.name for one in path.parent.iterdir() if ".new" in one.name] == []
    copy = path.with_name("copy")
    link_or_copy(path, copy)
    assert copy.read_bytes() == path.read_bytes()


def test_without_hard_links_the_first_file_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Another process made the file and wrote to it while this one had only its draft."""
    path = tmp_path / "warehouse.duckdb"

    def refuse(draft: Path, _: Path) -> None:
        path.write_bytes(b"of another")
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    with pytest.raises(WarehouseError), open_warehouse(path):
        pass
    assert path.read_bytes() == b"of another"
