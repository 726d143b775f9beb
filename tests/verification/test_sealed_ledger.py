"""What a seal covers of the ledger, and what ties a record to the extract that brought it."""

import hashlib
import shutil
from datetime import timedelta
from pathlib import Path

from orchestration.evidence.seals import seal_days
from orchestration.warehouse.connection import open_warehouse
from orchestration.warehouse.ledger import close_abandoned, unproven
from tests.histories import FIRST_DAY, build, land_slice, record
from tests.verification.tampering import FORGED, findings, found, tamper

AHEAD = "interval 3 year"

EDITS = (
    "update raw.extracts set status = 'complete', error = null where status = 'failed'",
    "update raw.extracts set slice_end = slice_end + interval 1 day where slice_start = '2026-05-02'",
    "insert into raw.extracts select * replace ('forged' as extract_id) from raw.extracts "
    "where slice_start = '2026-05-03'",
    "insert into raw.extracts select * replace ('forged' as extract_id, null as extract_seq) from raw.extracts "
    "where slice_start = '2026-05-03'",
    "delete from raw.extracts where slice_start = '2026-05-03'",
    "delete from raw.extracts where status = 'failed'",
    "update raw.extracts set last_cursor = 'forged' where slice_start = '2026-05-02'",
    "update raw.extracts set started_at = started_at - interval 1 day",
    "update raw.extracts set extract_seq = 100 where slice_start = '2026-05-02'",
)


def test_the_sealed_ledger_cannot_be_edited(path: Path):
    with open_warehouse(path) as connection:
        land_slice(connection, start=FIRST_DAY, outcome="failed")
    build(path)
    with open_warehouse(path) as connection:
        seal_days(connection)
    assert found(path).findings == []
    for number, edit in enumerate(EDITS):
        edited = shutil.copyfile(path, path.with_name(f"edited_{number}.duckdb"))
        tamper(edited, edit)
        first = findings(edited)["extracts sealed_extracts_hold"][1]
        assert first.startswith("test seal 1 of 2026-05-01: sealed with 6"), edit


def test_an_extract_whose_process_died_has_the_hash_of_its_revisions_too(path: Path, query):
    other = record("activity_1", FIRST_DAY, changed=True)
    with open_warehouse(path) as connection:
        land_slice(connection, record("activity_1", FIRST_DAY))
        land_slice(connection, other, outcome="")
        close_abandoned(connection)
    expected = hashlib.sha256(hashlib.sha256(other).hexdigest().encode()).hexdigest()
    assert query("select revisions_sha256 from raw.extracts order by extract_seq") == [(None,), (expected,)]
    assert findings(path) == {}
    tamper(path, "delete from raw.activity_revisions")
    assert findings(path).keys() == {"extracts rows_match_the_ledger"}


def test_the_next_seal_covers_what_was_read_since(warehouse: Path):
    """Of an old day, too, and without a further seal of that day."""
    with open_warehouse(warehouse) as connection:
        land_slice(connection, outcome="failed")
        land_slice(connection)
        land_slice(connection, start=FIRST_DAY + timedelta(days=5))
        seal_days(connection)
    assert found(warehouse, against=True).findings == []
    tamper(warehouse, EDITS[0])
    assert "test seal 5 of 2026-05-05: sealed with 3" in findings(warehouse)["extracts sealed_extracts_hold"][1]


def test_a_late_record_is_tied_to_the_extract_that_brought_it(warehouse: Path):
    """Forged with its count in the ledger, it is found; with an extract of its own, it is unproven."""
    forged = FORGED.replace("activity_11", "forged")
    insert = (
        "insert into raw.activities select * replace ('forged' as activity_id, 1000 as ingest_seq, "
        f"'{forged}' as payload, sha256('{forged}') as payload_sha256, 'forged' as activity_type, "
        f"timestamp '{FIRST_DAY:%F}' as created_at) from raw.activities where activity_id = 'activity_11'; "
        "update raw.extracts set inserted_count = 4, received_count = 4 where slice_start = '2026-05-02'"
    )
    tamper(warehouse, insert)
    with open_warehouse(warehouse) as connection:
        seal_days(connection)
    result = findings(warehouse)
    assert result.keys() == {"extracts sealed_extracts_hold", "extracts contents_match_the_ledger"}


def test_what_the_feed_never_reported_is_unproven(warehouse: Path):
    with open_warehouse(warehouse) as connection:
        brought = land_slice(connection, record("late", FIRST_DAY))
        seal_days(connection)
    sentence = found(warehouse).unproven
    assert sentence is not None
    assert "13 activities, of which 1 arrived after their day was sealed" in sentence
    assert f"First: test extract {brought.extract_id}." in sentence
    report = record("report", FIRST_DAY + timedelta(days=4), type="compliance_api_accessed", request_id="req_1")
    with open_warehouse(warehouse) as connection:
        connection.execute(
            "insert into raw.feed_requests values ('req_1', 'test', ?, 200, now()::timestamp)",
            [brought.extract_id],
        )
        land_slice(connection, report, start=FIRST_DAY + timedelta(days=4))
    assert "13 activities, of which 0 arrived after" in str(found(warehouse).unproven)


def test_a_clock_that_was_ahead_once_leaves_nothing_behind(warehouse: Path):
    """An extract failed and a seal was made while it was; since then it is right."""
    with open_warehouse(warehouse) as connection:
        land_slice(connection, outcome="failed")
        connection.execute(f"update raw.extracts set started_at = started_at + {AHEAD} where status = 'failed'")
        connection.execute(f"update raw.day_seals set sealed_at = sealed_at + {AHEAD}")
        assert unproven(connection, "test")
        land_slice(connection, start=FIRST_DAY + timedelta(days=5))
        land_slice(connection)
        assert unproven(connection, "test") == {}
        assert [one.sealed_count for one in seal_days(connection)] == [1]
    assert found(warehouse).findings == []
