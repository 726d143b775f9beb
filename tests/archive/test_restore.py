"""Restoring a warehouse from the archive: its rows, what its ledger proves, and what is refused."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from local_feed import LocalFeed
from orchestration.archive.check import check_archive, check_files
from orchestration.archive.errors import ArchiveError
from orchestration.archive.restore import restore
from orchestration.archive.storage.store import Store, open_store
from orchestration.archive.write import archive_days
from orchestration.evidence.seals import seal_days
from orchestration.ingest.run import read_all, refresh
from orchestration.intervals import Kind, Slice
from orchestration.monitoring.ledger_checks import no_gaps
from orchestration.verification.verify import verify
from orchestration.warehouse.connection import open_warehouse
from tests.archive.conftest import archive, content
from tests.conftest import source_of
from tests.histories import FIRST_DAY, activity, land_slice, record

# The feed's clock, which the run follows, stands still on an afternoon less than a day ago.
_STARTED_AT = datetime.now(UTC)
TODAY = (_STARTED_AT - timedelta(hours=16)).replace(hour=0, minute=0, second=0, microsecond=0)
FEED_TIME = TODAY + min(max(timedelta(hours=15), _STARTED_AT - TODAY - timedelta(hours=12)), timedelta(hours=23))
DAYS = 6


def day_record(name: str, days_ago: int, hour: int = 9) -> dict[str, Any]:
    return activity(name, TODAY - timedelta(days=days_ago) + timedelta(hours=hour))


@pytest.fixture
def feed() -> Iterator[LocalFeed]:
    """Three records a day, today included."""
    records = [day_record(f"activity_{n}{hour}", n, hour) for n in range(DAYS) for hour in (9, 10, 11)]
    with LocalFeed(records=records, clock=FEED_TIME.timestamp) as feed:
        yield feed


@pytest.fixture
def restored(tmp_path: Path) -> Path:
    """Where the archive is restored to."""
    return tmp_path / "restored.duckdb"


def payloads(path: Path) -> list[tuple]:
    with open_warehouse(path, read_only=True) as connection:
        return connection.execute(
            "select source, activity_id, payload from raw.activities order by all"
        ).fetchall()


def findings(path: Path) -> list[str | None]:
    return [one.first for one in verify(path).findings]


def test_a_restored_warehouse_continues_from_the_archived_state(path: Path, restored: Path, store: Store, feed):
    source = source_of(feed)
    refresh(source, path)
    archive(path, store)
    done = restore(restored, store)
    assert (done.activity_count, done.file_count) == (3 * (DAYS - 1), DAYS - 1)
    assert findings(restored) == []
    sealed = "source, sealed_date, seal_version, activity_count, day_sha256, seal_sha256, last_ingest_seq"
    assert content(restored, "day_seals") == content(path, "day_seals"), sealed
    report = refresh(source, restored)
    # Only today had to be read again.
    assert (report.total("inserted_count"), report.is_complete) == (3, True)
    assert payloads(restored) == payloads(path)
    assert len(payloads(path)) == 3 * DAYS
    assert findings(restored) == []
    with open_warehouse(restored) as connection:
        assert no_gaps(connection, datetime.now(UTC)).holds
    # It continues in the same archive.
    feed.add(day_record("late", 3))
    read_all([source], restored, is_reconcile=True)
    done = archive(restored, store)
    assert (done.part_count, done.row_count, done.snapshot_number) == (1, 1, 2)
    read_all([source], path, is_reconcile=True)
    with pytest.raises(ArchiveError, match="another warehouse"):
        archive(path, store)


def test_a_late_record_without_a_seal_is_found_again(path: Path, restored: Path, store: Store, feed):
    source = source_of(feed)
    refresh(source, path)
    feed.add(day_record("late", 3))
    with open_warehouse(path) as connection:
        seal_days(connection)
    read_all([source], path, is_reconcile=True)
    # The late record has no seal yet: its extract is known, its row is not in the archive.
    assert archive_days(path, store).row_count == 3 * (DAYS - 1)
    restore(restored, store)
    assert findings(restored) == []
    refresh(source, restored)
    assert payloads(restored) == payloads(path)
    assert ("test", "late") in [row[:2] for row in payloads(restored)]


def test_records_read_with_another_day_are_read_again(landed: Path, restored: Path, store: Store):
    with open_warehouse(landed) as connection:
        # An extract of a closed day brought a record of a day that is not closed.
        last = FIRST_DAY + timedelta(days=4, hours=7)
        land_slice(connection, record("first", FIRST_DAY + timedelta(hours=8)), record("outside", last))
    archive(landed, store)
    restore(restored, store)
    assert findings(restored) == []
    with open_warehouse(restored) as connection:
        [(status, inserted, error)] = connection.execute(
            "select status, inserted_count, error from raw.extracts where status <> 'complete'"
        ).fetchall()
        assert not no_gaps(connection, datetime.now(UTC)).holds
    assert (status, inserted) == ("failed", 1)
    assert error == "Not all of its activities were archived. The slice is read again."


def test_no_extract_of_an_unsealed_day_counts(archived: Path, restored: Path, store: Store):
    restore(restored, store)
    days = {slice_start.date() for slice_start, *_ in slices(restored)}
    assert days == {(FIRST_DAY + timedelta(days=n)).date() for n in range(4)}


def slices(path: Path) -> list[tuple]:
    with open_warehouse(path, read_only=True) as connection:
        return connection.execute("select slice_start, status from raw.extracts order by 1").fetchall()


def test_revisions_are_kept_and_replace_records_that_were_not_archived(landed: Path, restored: Path, store: Store):
    at = FIRST_DAY + timedelta(hours=1)
    open_at = FIRST_DAY + timedelta(days=4, hours=1)
    time_slice = Slice(Kind.RECONCILE, FIRST_DAY, FIRST_DAY + timedelta(days=1))
    last = Slice(Kind.RECONCILE, FIRST_DAY + timedelta(days=4), FIRST_DAY + timedelta(days=5))
    with open_warehouse(landed) as connection:
        land_slice(connection, record("activity_01", at, changed=1), time_slice=time_slice)
        land_slice(connection, record("activity_41", open_at, changed=1), time_slice=last)
        land_slice(connection, record("activity_41", open_at, changed=2), time_slice=last)
    archive(landed, store)
    restore(restored, store)
    assert findings(restored) == []
    with open_warehouse(restored) as connection:
        assert connection.execute(
            "select activity_id, payload ->> '$.changed' from raw.activity_revisions order by ingest_seq"
        ).fetchall() == [("activity_01", "1"), ("activity_41", "2")]
        assert connection.execute(
            "select payload ->> '$.changed' from raw.activities where activity_id = 'activity_41'"
        ).fetchall() == [("1",)]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("activities/source=test/activity_date=2026-05-02/part-0001.parquet", "is damaged: its SHA-256 is not"),
        ("ledger/00000001/extracts.parquet", "is damaged: its SHA-256 is not"),
        ("ledger/00000001/manifest.json", "is damaged. Restore it from a copy."),
    ],
)
def test_a_damaged_file_is_named_and_nothing_is_restored(
    archived: Path, restored: Path, place: Path, store: Store, name: str, sentence: str
):
    content = bytearray((place / name).read_bytes())
    content[len(content) // 2] ^= 1
    (place / name).write_bytes(b"{" if name.endswith("json") else bytes(content))
    with pytest.raises(ArchiveError, match=f"{name} in {place} {sentence}"):
        restore(restored, store)
    assert not [
        one for one in restored.parent.iterdir() if one.name.startswith("restored") and one.suffix != ".lock"
    ]


def test_the_archive_can_be_verified_separately(archived: Path, place: Path, store: Store):
    found = check_files(archived, store)
    assert (found.checked_count, found.finding_count) == (3, 0)
    (place / "activities/source=test/activity_date=2026-05-01/part-0001.parquet").write_bytes(b"x")
    (place / "activities/source=test/activity_date=2026-05-02/part-0001.parquet").unlink()
    found = check_files(archived, store)
    assert (found.checked_count, found.finding_count) == (3, 2)
    assert str(found.first).startswith("activities/source=test/activity_date=2026-05-01/part-0001.parquet in ")


def test_a_missing_file_is_named(archived: Path, restored: Path, place: Path, store: Store):
    name = "activities/source=test/activity_date=2026-05-02/part-0001.parquet"
    (place / name).unlink()
    with pytest.raises(ArchiveError, match=f"{place} has no {name}"):
        restore(restored, store)


def test_a_warehouse_with_rows_is_refused_and_so_is_an_empty_archive(archived: Path, restored: Path, store: Store):
    with pytest.raises(ArchiveError, match="holds no archive"):
        restore(restored, open_store(str(restored.parent / "empty")))
    with pytest.raises(ArchiveError, match=r"warehouse.duckdb is not empty: raw\.\w+ has rows"):
        restore(archived, store)
    with open_warehouse(restored):
        pass
    assert restore(restored, store).activity_count == 9


def test_a_killed_restore_can_be_repeated(archived: Path, restored: Path, store: Store, monkeypatch):

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("orchestration.archive.restore.cut_to_archived_days", killed)
        with pytest.raises(KeyboardInterrupt):
            restore(restored, store)
    assert not restored.exists()
    assert restore(restored, store).activity_count == 9


def test_an_archive_of_a_newer_version_is_refused(archived: Path, restored: Path, place: Path, store: Store):
    manifest = place / "ledger/00000001/manifest.json"
    manifest.write_text(manifest.read_text().replace('"format_version": 1', '"format_version": 2'))
    with pytest.raises(ArchiveError, match="newer version"):
        restore(restored, open_store(str(place)))


def test_parts_that_no_snapshot_names_are_ignored(archived: Path, restored: Path, place: Path, store: Store):
    stray = place / "activities/source=test/activity_date=2026-05-02/part-0002.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"copy (select 1 as one) to '{stray}'")
    assert restore(restored, store).activity_count == 9


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("manifest.json", "cut"),
        ("manifest.json", "gone"),
        ("extracts.parquet", "zeroed"),
        ("archive_files.parquet", "cut"),
        ("day_seals.parquet", "gone"),
        ("", "all gone"),
    ],
)
def test_verification_of_the_archive_reads_the_ledger_too(
    archived: Path, place: Path, store: Store, name: str, damage: str
):
    assert [one.finding_count for one in check_archive(archived, store)] == [0, 0]
    file = place / "ledger/00000001" / name
    if damage == "all gone":
        shutil.rmtree(place / "ledger")
    elif damage == "gone":
        file.unlink()
    else:
        file.write_bytes(bytes(file.stat().st_size) if damage == "zeroed" else file.read_bytes()[:-1])
    days, ledger = check_archive(archived, store)
    assert (days.finding_count, ledger.name, ledger.finding_count) == (0, "archived_ledger_holds", 1)
    assert str(place) in str(ledger.first)


def test_a_foreign_snapshot_is_found(archived: Path, place: Path, store: Store):
    shutil.copytree(place / "ledger/00000001", place / "ledger/00000009")
    assert [one.finding_count for one in check_archive(archived, store)] == [0, 1]


def test_the_manifest_of_a_part_is_read_too(archived: Path, place: Path, store: Store):
    manifests = sorted(place.rglob("_part-0001.json"))
    manifests[0].unlink()
    manifests[1].write_bytes(manifests[1].read_bytes().replace(b'file_sha256": "', b'file_sha256": "0'))
    assert [one.finding_count for one in check_archive(archived, store)] == [2, 0]
