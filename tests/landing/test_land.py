"""Landing: bytes kept, ids once, other content as a revision, rows and ledger together."""

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from orchestration.intervals import Interval, Kind, Slice
from orchestration.landing.extract import Chunk, Extract
from orchestration.landing.land import land
from orchestration.warehouse.connection import open_warehouse
from orchestration.warehouse.ledger import close_abandoned, coverage
from tests import histories

DAY = datetime(2026, 5, 1, tzinfo=UTC)


def record(activity_id: str = "activity_1", at: str = "2026-05-01T10:00:00Z", **fields: Any) -> bytes:
    return histories.record(activity_id, DAY, **{"created_at": at} | fields)


def extract_of(late_before: datetime | None = None, source: str = "test") -> Extract:
    time_slice = Slice(Kind.INCREMENTAL, DAY, DAY + timedelta(days=1), late_before=late_before)
    return histories.extract_of(time_slice, source)


def chunk_of(extract: Extract, *records: bytes, outcome: str | None = "complete") -> Chunk:
    return histories.chunk_of(*records, extract=extract, outcome=outcome)


def store(path: Path, *chunks: Chunk) -> None:
    with open_warehouse(path) as connection:
        land(connection, chunks)


@pytest.mark.parametrize(
    "text",
    [
        b'{ "id":"activity_1","created_at" : "2026-05-01T10:00:00.5Z",\n "n": [1.0, 1e3, -0], "x": "\\u00e9\\/" }',
        '{"id":"activity_1","created_at":"2026-05-01T10:00:00Z","name":"名前 🙂 \u202e Ω"}'.encode(),
        b'{"id":"activity_1","created_at":"2026-05-01T10:00:00Z","n":123456789012345678901234567890,"z":"a\\u0000b"}',
        b'{"id":"activity_1","created_at":"2026-05-01T10:00:00Z","half":"\\ud800","pair":"\\ud83d\\ude00"}',
        record(body="x" * 1_000_000),
        record(name="'; drop table raw.activities; -- {{ env_var('HOME') }} <script>\x1b[31m"),
    ],
    ids=["odd spacing", "other scripts", "wide number and nul", "half a pair", "a megabyte", "hostile text"],
)
def test_the_bytes_are_kept_and_hashed(path: Path, query, text: bytes):
    store(path, chunk_of(extract_of(), text))
    [(payload, sha256)] = query("select payload, payload_sha256 from raw.activities")
    assert payload.encode() == text
    assert sha256 == hashlib.sha256(text).hexdigest()


def test_the_envelope_is_typed(path: Path, query):
    text = record(at="2026-05-01T12:00:00.123456+02:00", organization_id="org_1", organization_uuid="u-1")
    store(path, chunk_of(extract_of(), text))
    row = query(
        "select source, activity_id, created_at, activity_type, organization_id, organization_uuid, actor_type "
        "from raw.activities"
    )
    moment = datetime(2026, 5, 1, 10, 0, 0, 123456)
    assert row == [("test", "activity_1", moment, "x", "org_1", "u-1", "system_actor")]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-05-01t10:00:00z", datetime(2026, 5, 1, 10)),
        ("2026-05-01T10:00:00.123456789Z", datetime(2026, 5, 1, 10, 0, 0, 123456)),
        ("2016-12-31T23:59:60Z", datetime(2016, 12, 31, 23, 59, 59, 999999)),
        ("2026-05-01T00:30:00-00:30", datetime(2026, 5, 1, 1)),
        ("0001-01-01T00:00:00Z", datetime(1, 1, 1)),
    ],
)
def test_every_form_of_rfc_3339_is_a_time(path: Path, query, text: str, moment: datetime):
    store(path, chunk_of(extract_of(), record(at=text)))
    assert query("select created_at from raw.activities") == [(moment,)]


def test_what_is_unknown_passes_through(path: Path, query):
    texts = [
        record(
            "activity_1", type="type_of_tomorrow", actor={"type": "robot_actor", "serial": 7}, extra={"a": [1]}
        ),
        record("activity_2", actor="a word"),
        record("activity_3", actor=None, type=None),
        b'{"id": "activity_4", "created_at": "2026-05-01T10:00:00Z"}',
    ]
    store(path, chunk_of(extract_of(), *texts))
    rows = query("select activity_id, activity_type, actor_type from raw.activities order by 1")
    assert rows == [
        ("activity_1", "type_of_tomorrow", "robot_actor"),
        ("activity_2", "x", None),
        ("activity_3", None, None),
        ("activity_4", None, None),
    ]


def test_an_id_is_stored_once_within_a_page_across_chunks_and_across_extracts(path: Path, query):
    extract, again = extract_of(), extract_of()
    store(
        path,
        chunk_of(extract, record(), record(), outcome=None),
        chunk_of(extract, record(), record("activity_2")),
    )
    store(path, chunk_of(again, record(), record("activity_2")))
    assert query("select activity_id, count(*) from raw.activities group by 1 order by 1") == [
        ("activity_1", 1),
        ("activity_2", 1),
    ]
    assert (extract.received_count, extract.inserted_count, extract.duplicate_count) == (4, 2, 2)
    assert (again.received_count, again.inserted_count, again.duplicate_count) == (2, 0, 2)


def test_two_sources_hold_their_own_row_of_an_activity(path: Path, query):
    store(path, chunk_of(extract_of(source="a"), record()), chunk_of(extract_of(source="b"), record()))
    assert query("select source, activity_id from raw.activities order by 1") == [
        ("a", "activity_1"),
        ("b", "activity_1"),
    ]


def test_other_content_is_a_revision_once_and_what_was_first_stays(path: Path, query):
    first, other, third = record(n=1), record(n=2), record(n=3)
    store(path, chunk_of(extract_of(), first))
    extract = extract_of()
    store(path, chunk_of(extract, other, other, first))
    store(path, chunk_of(extract_of(), other, third))
    assert query("select payload from raw.activities") == [(first.decode(),)]
    assert query("select payload from raw.activity_revisions order by ingest_seq") == [
        (other.decode(),),
        (third.decode(),),
    ]
    assert (extract.revision_count, extract.duplicate_count) == (1, 2)


def test_ingest_seq_grows_and_never_repeats(path: Path, query):
    store(path, chunk_of(extract_of(), record("a"), record("b", n=1), record("b", n=2)))
    store(path, chunk_of(extract_of(), record("c"), record("a", n=9)))
    rows = query(
        "select ingest_seq, ingested_at from raw.activities union all select ingest_seq, ingested_at "
        "from raw.activity_revisions order by ingested_at, ingest_seq"
    )
    numbers = [number for number, _ in rows]
    assert len(numbers) == 5
    assert numbers == sorted(set(numbers))


def test_a_record_in_covered_time_is_late(path: Path):
    extract = extract_of(late_before=DAY + timedelta(hours=11))
    store(path, chunk_of(extract, record("early"), record("new", at="2026-05-01T11:00:00Z")))
    assert (extract.inserted_count, extract.late_count) == (2, 1)


@pytest.mark.parametrize(
    "text",
    [
        b'{"created_at":"2026-05-01T10:00:00Z"}',
        b'{"id":"activity_9"}',
        b'{"id":null,"created_at":"2026-05-01T10:00:00Z"}',
        b'{"id":"activity_9","created_at":"yesterday"}',
        b'{"id":"activity_9","created_at":"infinity"}',
        b'{"id":"activity_9","created_at":"2026-05-01"}',
        b'{"id":"","created_at":"2026-05-01T10:00:00Z"}',
        b'{"id":"activity_9","created_at":"2026-05-01T10:00:00+99:99"}',
        b'{"id":"activity_9","created_at":"2026-05-01T10:00:00 America/New_York"}',
        b'{"id":"activity_9","created_at":"2026-05-01T10:00:00Z\\n"}',
        b'{"id":"activity_9","created_at":"2026-02-30T10:00:00Z"}',
        b'{"id":"activity_9","created_at":"0000-01-01T00:00:00Z"}',
        b'{"id":"activity_9","created_at":"9999-12-31T23:59:59Z"}',
        b'{"id":"activity_9","created_at":"9999-12-31T23:59:59-14:00"}',
        b'{"id":"activity_9","created_at":"292277-01-01T00:00:00Z"}',
        b'{"id":"activity_9","created_at":1e400}',
        b'{"id":"activity_9","created_at":["2026-05-01T10:00:00Z"]}',
        b'"a word"',
        b"null",
    ],
)
def test_a_record_that_cannot_be_understood_is_kept_aside(path: Path, query, text: bytes):
    extract = extract_of()
    store(path, chunk_of(extract, record(), text, text))
    assert query("select activity_id from raw.activities") == [("activity_1",)]
    assert query("select extract_id, payload, payload_sha256 from raw.quarantined_records") == [
        (extract.extract_id, text.decode(), hashlib.sha256(text).hexdigest())
    ]
    assert query(
        "select status, received_count, inserted_count, duplicate_count, quarantined_count from raw.extracts"
    ) == [("complete", 3, 1, 1, 1)]


def test_the_ledger_says_complete_only_with_the_last_record(path: Path, query):
    extract = extract_of()
    store(path, chunk_of(extract, record("a"), outcome=None))
    with open_warehouse(path) as connection:
        assert coverage(connection, "test") == []
    store(path, chunk_of(extract, record("b")))
    with open_warehouse(path) as connection:
        assert coverage(connection, "test") == [Interval(DAY, DAY + timedelta(days=1))]
    assert query("select status, received_count, inserted_count, page_count from raw.extracts") == [
        ("complete", 2, 2, 2)
    ]


def test_the_content_hash_is_over_the_record_hashes_in_feed_order(path: Path, query):
    extract = extract_of()
    store(path, chunk_of(extract, record("b"), outcome=None), chunk_of(extract, record("a")))
    hashes = [hashlib.sha256(record(one)).hexdigest() for one in ("b", "a")]
    assert query("select content_sha256 from raw.extracts") == [
        (hashlib.sha256("".join(hashes).encode()).hexdigest(),)
    ]


def test_extracts_that_a_dead_process_left_open_are_closed_as_failed(path: Path, query):
    store(path, chunk_of(extract_of(), record(), outcome=None))
    with open_warehouse(path) as connection:
        assert close_abandoned(connection) == 1
    [(status, error)] = query("select status, error from raw.extracts")
    assert status == "failed"
    assert "read again" in error


def test_coverage_merges_slices_that_touch_or_overlap(path: Path):
    def covers(start: int, end: int) -> Chunk:
        extract = extract_of()
        extract.time_slice = Slice(Kind.BACKFILL, DAY + timedelta(hours=start), DAY + timedelta(hours=end))
        return chunk_of(extract)

    store(
        path,
        covers(0, 2),
        covers(0, 2),
        covers(2, 3),
        covers(12, 13),
        covers(5, 9),
        covers(6, 7),
        covers(8, 10),
        covers(12, 13),
    )
    with open_warehouse(path) as connection:
        hours = [
            ((one.start - DAY) // timedelta(hours=1), (one.end - DAY) // timedelta(hours=1))
            for one in coverage(connection, "test")
        ]
    assert hours == [(0, 3), (5, 10), (12, 13)]
