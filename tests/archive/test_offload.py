"""Dropped days: read from the archive, never stored twice, their numbers never reused."""

from datetime import timedelta
from pathlib import Path

import pytest

from orchestration.archive.errors import ArchiveError
from orchestration.archive.offload import Dropped, drop_old_days
from orchestration.archive.restore import restore
from orchestration.archive.storage.store import Store
from orchestration.intervals import Kind, Slice
from orchestration.monitoring.ledger_checks import ledger_counts_equal_rows
from orchestration.verification.verify import verify
from orchestration.warehouse.builds import newest_ingest_seq
from orchestration.warehouse.connection import open_warehouse
from orchestration.warehouse.errors import WarehouseError
from tests.archive.conftest import archive, content
from tests.histories import FIRST_DAY, build, land_slice, record

FIRST = Slice(Kind.RECONCILE, FIRST_DAY, FIRST_DAY + timedelta(days=1))


@pytest.fixture
def dropped(archived: Path, store: Store) -> Path:
    """A warehouse whose first two days are only in the archive."""
    assert drop_old_days(archived, store, 2) == Dropped(2, 6)
    return archived


def ids(path: Path, table: str) -> list[str]:
    with open_warehouse(path, read_only=True) as connection:
        return [
            name for (name,) in connection.execute(f"select activity_id from raw.{table} order by 1").fetchall()
        ]


def test_dropped_days_are_read_from_the_archive(dropped: Path, store: Store, tmp_path: Path):
    whole = tmp_path / "whole.duckdb"
    texts = build(whole)
    assert ids(dropped, "activities") == ids(whole, "activities")[6:]
    assert ids(dropped, "stored_activities") == sorted(texts)
    found = verify(dropped)
    assert found.findings == []
    assert found.activity_count == len(texts)
    with open_warehouse(dropped) as connection:
        assert ledger_counts_equal_rows(connection).holds
        assert newest_ingest_seq(connection) == len(texts)
    assert drop_old_days(dropped, store, 2) == Dropped(0, 0)


def test_known_records_of_dropped_days_are_known_and_late_ones_are_stored(dropped: Path, store: Store):
    known = record("activity_01", FIRST_DAY + timedelta(hours=1))
    changed = record("activity_02", FIRST_DAY + timedelta(hours=2), changed=1)
    late = record("late", FIRST_DAY + timedelta(hours=5))
    with open_warehouse(dropped) as connection:
        extract = land_slice(connection, known, changed, late, time_slice=FIRST)
        assert (extract.inserted_count, extract.duplicate_count, extract.revision_count) == (1, 1, 1)
    done = archive(dropped, store)
    assert (done.part_count, done.row_count) == (1, 1)
    assert drop_old_days(dropped, store, 2) == Dropped(1, 1)
    assert verify(dropped).findings == []
    with open_warehouse(dropped) as connection:
        assert ledger_counts_equal_rows(connection).holds
    assert "late" not in ids(dropped, "activities")
    assert ids(dropped, "stored_activities").count("late") == 1


def test_numbers_are_not_reused_if_the_newest_row_was_dropped(dropped: Path, store: Store):
    with open_warehouse(dropped) as connection:
        land_slice(connection, record("late", FIRST_DAY + timedelta(hours=5)))
    archive(dropped, store)
    drop_old_days(dropped, store, 2)
    with open_warehouse(dropped) as connection:
        land_slice(connection, record("later", FIRST_DAY + timedelta(hours=6)))
    assert verify(dropped).findings == []


def test_a_restore_brings_dropped_days_back(dropped: Path, store: Store, tmp_path: Path):
    restored = tmp_path / "restored.duckdb"
    with open_warehouse(dropped) as connection:
        land_slice(connection, record("late", FIRST_DAY + timedelta(hours=5)))
    archive(dropped, store)
    assert restore(restored, store).activity_count == 10
    assert len(content(restored)) == 10
    assert content(restored, "dropped_extracts") == []


def test_dropped_days_are_verified_in_the_archive(dropped: Path, place: Path):
    part = place / "activities/source=test/activity_date=2026-05-01/part-0001.parquet"
    part.write_bytes((place / "activities/source=test/activity_date=2026-05-02/part-0001.parquet").read_bytes())
    assert "sealed_days_hold" in [one.name for one in verify(dropped).findings]


def test_a_missing_archive_is_one_sentence(dropped: Path, place: Path):
    place.rename(place.with_name("elsewhere"))
    with pytest.raises(WarehouseError, match="that ARCHIVE_PATH still has what only the archive has"):
        verify(dropped)


def test_with_a_damaged_file_no_day_is_dropped(archived: Path, place: Path, store: Store):
    name = "activities/source=test/activity_date=2026-05-02/part-0001.parquet"
    (place / name).write_bytes(b"x")
    with pytest.raises(ArchiveError, match=f"No day was dropped. {name} in {place} is damaged"):
        drop_old_days(archived, store, 2)
    assert len(content(archived)) == 12
