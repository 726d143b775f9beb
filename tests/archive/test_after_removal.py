"""Removals and the archive: archived rows do not count as removed, and removed rows do not come back."""

from datetime import timedelta
from pathlib import Path

import pytest

from orchestration.archive.errors import ArchiveError
from orchestration.archive.offload import drop_old_days
from orchestration.archive.restore import restore
from orchestration.archive.storage.store import Store, open_store
from orchestration.evidence.seals import seal_days
from orchestration.privacy.erasure import erase, retain
from orchestration.verification.verify import verify
from orchestration.warehouse.connection import open_warehouse
from orchestration.warehouse.errors import WarehouseError
from tests.archive.conftest import archive, content
from tests.histories import FIRST_DAY, record
from tests.privacy.people import ADA, BOB, EMAIL, ORDER, again, by, know_users

SECOND_DAY = (FIRST_DAY + timedelta(days=1)).date()


def test_after_a_removal_the_old_archive_is_refused_and_a_new_one_restores(
    archived: Path, store: Store, tmp_path: Path
):
    removal = retain(archived, SECOND_DAY, ORDER)
    assert removal
    assert removal.activity_count
    with pytest.raises(ArchiveError, match="of this one before records were removed"):
        archive(archived, store)
    fresh = open_store(str(tmp_path / "fresh"))
    archive(archived, fresh)
    restored = tmp_path / "restored.duckdb"
    restore(restored, fresh)
    for table in ("removals", "removed_days", "removed_extracts", "removed_activities", "day_seals"):
        assert content(restored, table) == content(archived, table)
    found = verify(restored)
    assert found.findings == []
    assert [one.reason for one in found.removals] == ["request 17"]


def test_erased_records_do_not_come_back_after_archive_restore_and_drop(
    landed: Path, store: Store, tmp_path: Path
):
    ada = record("activity_ada", FIRST_DAY + timedelta(hours=5), **by(ADA))
    again(landed, ada)
    archive(landed, store)
    know_users(landed, **{ADA: [EMAIL]})
    assert erase(landed, ADA, ORDER)
    fresh = open_store(str(tmp_path / "fresh"))
    archive(landed, fresh)
    restored = tmp_path / "restored.duckdb"
    restore(restored, fresh)
    assert not any(ADA.encode() in file.read_bytes() for file in [restored, *(tmp_path / "fresh").rglob("*.*")])
    drop_old_days(restored, fresh, 2)
    for path in (landed, restored):
        before = content(path, "stored_activities")
        extract = again(path, ada, record("activity_bob", FIRST_DAY + timedelta(hours=6), **by(BOB)))
        assert (extract.duplicate_count, extract.inserted_count) == (1, 1)
        assert len(content(path, "stored_activities")) == len(before) + 1
        with open_warehouse(path) as connection:
            seal_days(connection)
        found = verify(path)
        assert found.findings == []
        assert [one.reason for one in found.removals] == ["request 17"]
    archive(restored, fresh)
    restore(tmp_path / "twice.duckdb", fresh)
    assert content(tmp_path / "twice.duckdb") == content(restored, "stored_activities")


def test_nothing_is_removed_while_days_are_only_in_the_archive(archived: Path, store: Store):
    drop_old_days(archived, store, 2)
    before = content(archived, "stored_activities")
    with pytest.raises(WarehouseError, match="Restore the archive into another file"):
        retain(archived, SECOND_DAY, ORDER)
    assert content(archived, "stored_activities") == before
