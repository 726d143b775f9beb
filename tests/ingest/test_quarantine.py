"""A record without a usable id or time is kept aside as evidence and withholds nothing else of its slice."""

import hashlib
import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from local_feed import LocalFeed
from orchestration.archive.restore import restore
from orchestration.archive.storage.store import open_store
from orchestration.archive.write import archive_days
from orchestration.evidence.seals import seal_days
from orchestration.ingest.run import read_all, refresh
from orchestration.monitoring.ledger_checks import ledger_counts_equal_rows, no_record_is_quarantined
from orchestration.privacy.erasure import RemovalRequest, erase, retain
from orchestration.verification.verify import verify
from orchestration.warehouse.connection import open_warehouse
from tests.conftest import Query, source_of
from tests.histories import activity
from tests.truth import lies

DAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=3)
ADDRESS = "ada@example.com"
# What the feed may send in place of a record, and why it cannot be stored as an activity.
BAD: dict[bytes, str] = {
    json.dumps(
        {"id": "activity_bad1", "created_at": "yesterday", "by": ADDRESS}
    ).encode(): "no readable created_at",
    b'{"id": "activity_bad2", "created_at": "2026-05-01T10:00:00+99:99"}': "no readable created_at",
    b'{"id": "activity_bad3"}': "no readable created_at",
    json.dumps({"id": "", "created_at": (DAY + timedelta(hours=4)).isoformat()}).encode(): "no id",
    b'{"created_at": "2026-05-01T10:00:00Z"}': "no id",
    b'{"id": null, "created_at": null}': "no id",
    b'"a word"': "no id",
    b"null": "no id",
}


def record(number: int) -> dict[str, Any]:
    return activity(f"activity_{number:04}", DAY + number * timedelta(minutes=6))


@pytest.fixture
def feed() -> Iterator[LocalFeed]:
    with LocalFeed(records=[record(n) for n in range(206)]) as feed:
        for number, bad in enumerate(BAD):
            feed.add(bad, at=(DAY + timedelta(hours=number)).isoformat())
        yield feed


def counts(query: Query) -> tuple[int, ...]:
    [found] = query(
        "select sum(inserted_count)::bigint, sum(duplicate_count)::bigint, sum(quarantined_count)::bigint, "
        "count(*) filter (where status <> 'complete'), count(*) filter (where received_count <> "
        "inserted_count + duplicate_count + revision_count + quarantined_count) from raw.extracts"
    )
    return found


@pytest.mark.parametrize("page_size", [7, 5000])
def test_a_bad_record_is_kept_aside_and_the_good_ones_are_stored(
    feed: LocalFeed, path: Path, query: Query, page_size: int
):
    source = source_of(feed, start=DAY, page_size=page_size)
    report = refresh(source, path)
    assert report.is_complete
    assert any("raw.quarantined_records" in one for one in report.remarks)
    kept = query("select payload, payload_sha256, reason from raw.quarantined_records order by 1")
    assert kept == sorted((bad.decode(), hashlib.sha256(bad).hexdigest(), reason) for bad, reason in BAD.items())
    assert counts(query) == (206, 0, len(BAD), 0, 0)
    with open_warehouse(path, read_only=True) as connection:
        check = no_record_is_quarantined(connection)
        assert not check.holds
        assert not check.is_error
        assert f"{len(BAD)} record(s)" in check.sentence
        assert ledger_counts_equal_rows(connection).holds
    assert verify(path).findings == []
    # Read again, they are known; whatever the order, each is there once.
    assert read_all([source], path, is_reconcile=True).reports[0].is_complete
    assert len(query("select * from raw.quarantined_records")) == len(BAD)
    assert counts(query)[2:] == (len(BAD), 0, 0)
    assert lies(path) == []


def test_verification_finds_what_was_done_to_it(feed: LocalFeed, path: Path):
    refresh(source_of(feed, start=DAY), path)
    for number, tampering in enumerate(
        (
            "update raw.quarantined_records set payload = '{}' where reason = 'no readable created_at'",
            "update raw.quarantined_records set payload = null",
            "update raw.quarantined_records set payload = null, removal_id = 7",
            "delete from raw.quarantined_records where reason = 'no readable created_at'",
            "update raw.quarantined_records set extract_id = 'another'",
            "insert into raw.quarantined_records by name select * replace ('b' as payload_sha256) "
            "from raw.quarantined_records limit 1",
        )
    ):
        edited = shutil.copyfile(path, path.with_name(f"edited_{number}.duckdb"))
        with open_warehouse(edited) as connection:
            connection.execute(tampering)
        assert verify(edited).findings, tampering


def test_an_erasure_takes_what_names_the_person_and_it_does_not_come_back(
    feed: LocalFeed, path: Path, query: Query
):
    source = source_of(feed, start=DAY)
    refresh(source, path)
    with open_warehouse(path) as connection:
        connection.execute("create schema marts")
        connection.execute(f"create table marts.users as select 'user_ada' as user_id, ['{ADDRESS}'] as emails")
    assert erase(path, ADDRESS, RemovalRequest("the office", "a request"))
    assert ADDRESS.encode() not in path.read_bytes()
    read_all([source], path, is_reconcile=True)
    emptied = "select payload_sha256 from raw.quarantined_records where payload is null"
    assert query(emptied) == [(hashlib.sha256(next(iter(BAD))).hexdigest(),)]
    assert len(query("select * from raw.quarantined_records")) == len(BAD)
    assert verify(path).findings == []
    with open_warehouse(path) as connection:
        assert ledger_counts_equal_rows(connection).holds
        # A removal that nobody ordered is found.
        connection.execute("update raw.quarantined_records set payload = null, removal_id = 1")
    assert verify(path).findings


def test_retention_takes_what_came_with_its_days(feed: LocalFeed, path: Path, query: Query):
    refresh(source_of(feed, start=DAY), path)
    assert retain(path, (DAY + timedelta(days=1)).date(), RemovalRequest("the office", "retention"))
    assert query("select count(payload), count(*) from raw.quarantined_records") == [(0, len(BAD))]
    assert verify(path).findings == []


def test_the_archive_has_it(feed: LocalFeed, path: Path, tmp_path: Path, query: Query):
    refresh(source_of(feed, start=DAY), path)
    with open_warehouse(path) as connection:
        seal_days(connection)
    store = open_store(str(tmp_path / "archive"))
    archive_days(path, store)
    path.unlink()
    restore(path, store)
    assert len(query("select * from raw.quarantined_records")) == len(BAD)
