"""The directory in the archive: it is written with the ledger's snapshot, and comes back as it was."""

from datetime import timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from orchestration.archive.errors import ArchiveError
from orchestration.archive.offload import drop_old_days
from orchestration.archive.restore import restore
from orchestration.archive.storage.store import Store, open_store
from orchestration.privacy.erasure import erase
from orchestration.verification.verify import verify
from orchestration.warehouse.connection import open_warehouse
from tests.archive.conftest import archive, content
from tests.histories import FIRST_DAY
from tests.observed import observe, observe_usage
from tests.privacy.people import ADA, BOB, EMAIL, ORDER, know_users

TABLES = ("directory_walks", "directory_items", "key_usage", "removed_items", "day_seals")
HOUR = timedelta(hours=1)


@pytest.fixture
def walked(landed: Path) -> Path:
    """Five days, and a directory in which Ada comes, changes and goes."""
    users = {one: {"id": one, "email": f"{one}@example.com"} for one in (ADA, BOB)}
    with open_warehouse(landed) as connection:
        observe(connection, "users", users, FIRST_DAY, parent_id="org-1")
        observe(
            connection, "users", users | {ADA: {"id": ADA, "email": EMAIL}}, FIRST_DAY + HOUR, parent_id="org-1"
        )
        observe(connection, "users", {BOB: users[BOB]}, FIRST_DAY + 2 * HOUR, parent_id="org-1")
        observe_usage(connection, {"apikey_1": 7}, FIRST_DAY + 3 * HOUR)
    return landed


def test_a_restored_directory_is_the_archived_one_and_verifies(walked: Path, store: Store, tmp_path: Path):
    archive(walked, store)
    drop_old_days(walked, store, 2)
    restored = tmp_path / "restored.duckdb"
    restore(restored, store)
    for table in TABLES:
        assert content(restored, table) == content(walked, table), table
    assert len(content(restored, "directory_items")) == 4
    for path in (walked, restored):
        found = verify(path)
        assert found.findings == []
        assert found.unsealed_walk_count == 0
    with open_warehouse(restored) as connection:
        walk_id = observe(connection, "users", {}, FIRST_DAY + 4 * HOUR, parent_id="org-1")
    assert walk_id == "walk_00005"
    assert verify(restored).findings == []


def test_what_was_done_to_an_archived_directory_is_not_restored(
    walked: Path, store: Store, place: Path, tmp_path: Path
):
    archive(walked, store)
    file = place / "ledger/00000001/directory_items.parquet"
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(ArchiveError, match=r"directory_items.parquet .* is damaged"):
        restore(tmp_path / "restored.duckdb", store)


def test_who_is_erased_is_not_in_the_new_archive_and_the_old_one_is_refused(
    walked: Path, store: Store, tmp_path: Path
):
    archive(walked, store)
    know_users(walked, **{ADA: [EMAIL]})
    removal = erase(walked, ADA, ORDER)
    assert removal
    assert (removal.activity_count, removal.item_count) == (0, 3)
    with pytest.raises(ArchiveError, match="of this one before records were removed"):
        archive(walked, store)
    place = tmp_path / "again"
    archive(walked, open_store(str(place)))
    restored = tmp_path / "restored.duckdb"
    restore(restored, open_store(str(place)))
    for table in TABLES:
        assert content(restored, table) == content(walked, table), table
    texts = [str(pq.read_table(file).to_pylist()) for file in place.rglob("*.parquet")]
    assert not any(trace in text for text in texts for trace in (ADA, EMAIL))
    assert not any(trace.encode() in restored.read_bytes() for trace in (ADA, EMAIL))
    assert verify(restored).findings == []
