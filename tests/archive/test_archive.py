"""Sealed days are archived once, late rows in further files, and unsealed days not at all."""

import hashlib
import json
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from orchestration.archive import due, write
from orchestration.archive.errors import ArchiveError
from orchestration.archive.storage.store import Store, open_store
from orchestration.archive.write import archive_days
from orchestration.evidence.seals import seal_days
from orchestration.warehouse.connection import open_warehouse
from tests.archive.conftest import archive, content
from tests.histories import DAYS, FIRST_DAY, build, land_slice, record

DAY = "activities/source=test/activity_date=2026-05-0{}"


def files(place: Path) -> dict[str, bytes]:
    return {str(file.relative_to(place)): file.read_bytes() for file in place.rglob("*") if file.is_file()}


def test_each_sealed_day_is_one_file_with_a_manifest_and_unsealed_days_wait(
    landed: Path, place: Path, store: Store
):
    done = archive(landed, store)
    # The third day is empty, the fifth not closed.
    expected = {f"{DAY.format(n)}/{name}" for n in (1, 2, 4) for name in ("part-0001.parquet", "_part-0001.json")}
    assert {name for name in files(place) if name.startswith("activities/")} == expected
    assert (done.part_count, done.row_count, done.file_count, done.snapshot_number) == (3, 9, 3, 1)
    manifest = json.loads((place / DAY.format(2) / "_part-0001.json").read_bytes())
    file = place / DAY.format(2) / "part-0001.parquet"
    assert manifest["file_sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert (manifest["row_count"], manifest["seal_version"], manifest["source"]) == (3, 1, "test")
    with open_warehouse(landed, read_only=True) as connection:
        [(seal,)] = connection.execute(
            "select seal_sha256 from raw.day_seals where sealed_date = '2026-05-02'"
        ).fetchall()
    assert manifest["seal_sha256"] == seal


def test_the_files_are_a_hive_table_with_every_column(archived: Path, place: Path, store: Store):
    with duckdb.connect() as connection:
        found = connection.execute(
            f"select * exclude (activity_date) from read_parquet('{place}/activities/**/*.parquet', "
            "hive_partitioning = true) order by ingest_seq"
        )
        names = [column[0] for column in found.description]
        rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    with open_warehouse(archived, read_only=True) as connection:
        stored = connection.execute("from raw.activities where created_at < '2026-05-05' order by ingest_seq")
        names = [column[0] for column in stored.description]
        assert [dict(zip(names, row, strict=True)) for row in stored.fetchall()] == rows


def killed(*_: object) -> None:
    """Stands for the end of the process."""
    raise KeyboardInterrupt


def test_without_new_days_the_store_is_not_contacted(archived: Path, place: Path, store: Store):
    before = files(place)
    place.rename(place.with_name("gone"))
    done = archive(archived, store)
    assert (done.part_count, done.file_count, done.snapshot_number) == (0, 3, 1)
    place.with_name("gone").rename(place)
    assert files(place) == before


def test_late_rows_are_written_to_a_further_file(archived: Path, place: Path, store: Store):
    before = files(place)
    with open_warehouse(archived) as connection:
        land_slice(connection, record("late", FIRST_DAY + timedelta(hours=5)))
    done = archive(archived, store)
    after = files(place)
    assert (done.part_count, done.row_count, done.file_count, done.snapshot_number) == (1, 1, 4, 2)
    assert {name: after[name] for name in before} == before
    assert {name for name in after.keys() - before.keys() if name.startswith("activities/")} == {
        f"{DAY.format(1)}/part-0002.parquet",
        f"{DAY.format(1)}/_part-0002.json",
    }
    assert json.loads(after[f"{DAY.format(1)}/_part-0002.json"])["seal_version"] == 2


def test_the_snapshot_of_a_part_shows_what_is_new_and_not_the_number_of_a_row(
    archived: Path, place: Path, store: Store
):
    """The fifth day is not archived before a late record of the first, which has a higher number."""
    with open_warehouse(archived) as connection:
        land_slice(connection, record("late", FIRST_DAY + timedelta(hours=5)))
    archive(archived, store)
    known = _rows(place, "snapshot_number <= 2")
    with open_warehouse(archived) as connection:
        land_slice(connection, start=FIRST_DAY + timedelta(days=DAYS), end=FIRST_DAY + timedelta(days=DAYS + 1))
    assert archive(archived, store).snapshot_number == 3
    everything = _rows(place, "true")
    new = _rows(place, "snapshot_number > 2")
    assert {"late"} < set(known)
    assert (known.keys() & new.keys(), known | new) == (set(), everything)
    assert new.keys() == {"activity_41", "activity_42", "activity_43"}
    # A mark that would lose them.
    assert max(new.values()) < max(known.values())


def _rows(place: Path, parts: str) -> dict[str, int]:
    """Id and number of each archived activity in these parts, by the newest snapshot."""
    newest = max((place / "ledger").glob("*/manifest.json")).parent
    with duckdb.connect() as connection:
        paths = connection.execute(f"select path from '{newest}/archive_files.parquet' where {parts}").fetchall()
        return dict(
            connection.execute(
                "select activity_id, ingest_seq from read_parquet(?)", [[str(place / path) for (path,) in paths]]
            ).fetchall()
        )


def test_a_row_without_a_seal_waits(landed: Path, store: Store):
    with open_warehouse(landed) as connection:
        seal_days(connection)
        land_slice(connection, record("late", FIRST_DAY + timedelta(hours=5)))
    assert archive_days(landed, store).row_count == 9
    assert archive(landed, store).row_count == 1


def test_many_batches_give_the_same_archive_as_one(landed: Path, place: Path, store: Store, monkeypatch):
    build(landed, source="other")
    monkeypatch.setattr(due, "BATCH_ROWS", 4)
    done = archive(landed, store)
    assert (done.part_count, done.row_count, done.snapshot_number) == (6, 18, 1)


def test_a_day_that_is_not_as_it_was_sealed_is_not_archived(archived: Path, place: Path, store: Store):
    with open_warehouse(archived) as connection:
        land_slice(connection, record("late", FIRST_DAY + timedelta(hours=5)))
        seal_days(connection)
        connection.execute("update raw.activities set payload_sha256 = 'x' where activity_id = 'activity_01'")
    before = files(place)
    with pytest.raises(ArchiveError, match=r"test 2026-05-01 is not as it was sealed.*make verify"):
        archive_days(archived, store)
    assert files(place) == before


def test_the_last_two_snapshots_of_the_ledger_are_kept(archived: Path, place: Path, store: Store):
    for hour in (5, 6):
        with open_warehouse(archived) as connection:
            land_slice(connection, record(f"late{hour}", FIRST_DAY + timedelta(hours=hour)))
        archive(archived, store)
    assert sorted(one.name for one in (place / "ledger").iterdir()) == ["00000002", "00000003"]
    assert len(content(archived, "archive_snapshots")) == 3


def test_a_snapshot_that_is_being_read_is_kept(archived: Path, place: Path, store: Store):
    def kept(read: int | None, *hours: int) -> list[str]:
        for hour in hours:
            with open_warehouse(archived) as connection:
                land_slice(connection, record(f"late{hour}", FIRST_DAY + timedelta(hours=hour)))
                seal_days(connection)
            archive_days(archived, store, read)
        return sorted(one.name.lstrip("0") for one in (place / "ledger").iterdir())

    assert kept(1, 5, 6, 7) == ["1", "2", "3", "4"]
    assert kept(None, 8) == ["4", "5"]


def test_a_killed_run_is_continued(archived: Path, place: Path, store: Store, monkeypatch):
    with open_warehouse(archived) as connection:
        land_slice(connection, record("late", FIRST_DAY + timedelta(hours=5)))
    with monkeypatch.context() as patch:
        patch.setattr(write, "stage_snapshot", killed)
        with pytest.raises(KeyboardInterrupt):
            archive(archived, store)
    done = archive(archived, store)
    assert (done.part_count, done.file_count, done.snapshot_number) == (0, 4, 2)


def test_parts_of_a_killed_run_that_are_lost_are_written_again(
    landed: Path, place: Path, store: Store, monkeypatch
):
    with monkeypatch.context() as patch:
        patch.setattr(write, "stage_snapshot", killed)
        with pytest.raises(KeyboardInterrupt):
            archive(landed, store)
    done = archive(landed, open_store(str(place / "elsewhere")))
    assert (done.part_count, done.file_count, done.snapshot_number) == (3, 3, 1)


def test_a_store_that_is_not_the_archive_of_this_warehouse_is_refused(
    archived: Path, place: Path, store: Store, tmp_path
):
    other = tmp_path / "other.duckdb"
    build(other, source="other")
    with pytest.raises(ArchiveError, match="archive of another warehouse"):
        archive(other, store)
    with open_warehouse(archived) as connection:
        land_slice(connection, record("late", FIRST_DAY + timedelta(hours=5)))
    with pytest.raises(ArchiveError, match=r"snapshot 1 is missing.*correct ARCHIVE_PATH"):
        archive(archived, open_store(str(tmp_path / "empty")))


def test_a_directory_that_cannot_be_created_is_one_sentence(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ArchiveError, match=r"Cannot create .*file/archive: Not a directory. Check ARCHIVE_PATH."):
        open_store(str(tmp_path / "file" / "archive"))
