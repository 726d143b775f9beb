"""What is removed on request is gone and stays away; earlier proofs hold, and the removal is on record."""

import random
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest

from orchestration.attestation.attest import attest, read_period
from orchestration.detections.decisions import Decision, decide
from orchestration.evidence import seal_file
from orchestration.evidence.removal_sql import CONTENTS, removal_expression
from orchestration.ingest.covered_days import covered_days
from orchestration.intervals import Kind, Slice
from orchestration.privacy.erasure import RemovalRequest, erase, retain
from orchestration.privacy.subject_report import DECISIONS, write_report
from orchestration.publish.marts import Catalog
from orchestration.warehouse.connection import open_warehouse
from orchestration.warehouse.errors import WarehouseError
from orchestration.warehouse.ledger import coverage
from tests.histories import DAYS, FIRST_DAY, build, land_slice, record
from tests.privacy.people import ADA, BOB, DAY, EMAIL, ORDER, again, by, checked, findings, know_users, seal


@pytest.mark.parametrize("subject", [ADA, EMAIL, "Ada@Example.COM"])
def test_an_erased_person_is_gone_and_verification_lists_the_removal(warehouse: Path, query, subject: str):
    removal = erase(warehouse, subject, ORDER)
    assert (removal.activity_count, removal.revision_count, removal.day_count) == (3, 1, 2)
    left = {name for (name,) in query("select activity_id from raw.activities")}
    assert "bob" in left
    assert not left & {"ada_1", "ada_2", "named"}
    assert query("select count(*) from raw.activity_revisions") == [(0,)]
    assert query("select count(*) from duckdb_tables() where schema_name = 'marts'") == [(0,)]
    result = checked(warehouse, warehouse.with_name("seals.txt"))
    assert result.findings == []
    assert [str(one).split("Z: ")[1] for one in result.removals] == [
        "3 activities and 1 revisions of 2 day(s) removed by privacy office: request 17"
    ]
    assert query("select sealed_date, reason from raw.day_seals where removal_sha256 is not null order by 1") == [
        (date(2026, 5, 1), "2 activities removed by privacy office: request 17 (removal 1)"),
        (date(2026, 5, 2), "1 activity removed by privacy office: request 17 (removal 1)"),
    ]


def test_nothing_of_it_is_left_in_the_file(path: Path, query):
    """DuckDB compresses what repeats; a text without a pattern lies in the file as it is."""
    noise = random.Random(3).randbytes(2000).hex()
    build(path)
    again(path, record("ada", FIRST_DAY, **by(ADA, EMAIL), note=noise), record("bob", FIRST_DAY, note=noise[::-1]))
    seal(path)
    know_users(path, **{ADA: [EMAIL]})
    with open_warehouse(path) as connection:
        connection.execute(
            "create table marts.activities as select activity_id, payload::varchar as payload from raw.activities"
        )
    traces = (EMAIL.encode(), ADA.encode(), noise[:64].encode())
    kept = noise[::-1][:64].encode()
    before = path.read_bytes()
    assert all(trace in before for trace in (*traces, kept))
    path.with_suffix(".dbt").mkdir()
    path.with_name(f"{path.name}.0123.draft").write_bytes(before)
    erase(path, ADA, ORDER)
    assert {one.name for one in path.parent.iterdir()} == {path.name}
    assert not any(trace in path.read_bytes() for trace in traces)
    assert query("select count(*) from raw.activities where contains(payload, ?)", kept.decode()) == [(1,)]


def test_it_does_not_come_back(erased: Path, texts, query):
    """Neither as it was, nor changed, nor moved to another day, nor by another source; new records are stored."""
    extract = again(erased, *list(texts.values())[:2], record("new", FIRST_DAY))
    assert (extract.inserted_count, extract.duplicate_count, extract.revision_count) == (1, 2, 0)
    extract = again(
        erased, record("ada_1", FIRST_DAY + DAY, other=1), record("ada_2", FIRST_DAY + DAY), day=FIRST_DAY + DAY
    )
    assert (extract.inserted_count, extract.duplicate_count, extract.revision_count) == (0, 2, 0)
    extract = again(erased, *texts.values(), source="other")
    assert (extract.inserted_count, extract.duplicate_count) == (1, 3)
    assert query("select count(*) from raw.activities where activity_id like 'ada%' or activity_id = 'named'") == [
        (0,)
    ]
    seal(erased)
    assert findings(erased) == {}


def test_numbers_of_removed_rows_are_not_given_again(path: Path, query):
    """A seal of before would count such a row in."""
    build(path)
    with open_warehouse(path) as connection:
        land_slice(connection, record("ada", FIRST_DAY + 3 * DAY, **by(ADA)), start=FIRST_DAY + DAYS * DAY)
    know_users(path, **{ADA: []})
    erase(path, ADA, ORDER)
    again(path, record("late", FIRST_DAY + 3 * DAY), day=FIRST_DAY + 3 * DAY)
    assert findings(path) == {}
    assert query("select ingest_seq from raw.activities where activity_id = 'late'") == [(14,)]


def test_a_day_that_was_open_then_records_it_in_its_first_seal(path: Path, query):
    build(path)
    last = FIRST_DAY + (DAYS - 1) * DAY
    again(path, record("ada", last, **by(ADA)), day=last)
    know_users(path, **{ADA: []})
    erase(path, ADA, ORDER)
    assert findings(path) == {}
    with open_warehouse(path) as connection:
        land_slice(connection, start=last + DAY)
    seal(path)
    assert findings(path) == {}
    assert query(
        "select sealed_date, seal_version, reason from raw.day_seals semi join raw.removals using (removal_sha256)"
    ) == [(last.date(), 1, "1 of its activities had been removed")]


def test_retention_removes_whole_days_and_they_stay_away(warehouse: Path, texts, query):
    before = (FIRST_DAY + 2 * DAY).date()
    again(warehouse, outcome_of := record("late", FIRST_DAY), day=FIRST_DAY)
    removal = retain(warehouse, before, RemovalRequest("records office", "13 months"))
    assert (removal.kind, removal.activity_count, removal.revision_count, removal.day_count) == (
        "retention",
        11,
        1,
        2,
    )
    assert query("select min(created_at)::date from raw.activities") == [((FIRST_DAY + 3 * DAY).date(),)]
    assert query("select count(*) from raw.removed_activities") == [(0,)]
    assert checked(warehouse, warehouse.with_name("seals.txt")).findings == []
    with open_warehouse(warehouse, read_only=True) as connection:
        assert covered_days(connection, "test")[0].interval.start.date() == before
        assert coverage(connection, "test")[0].start == FIRST_DAY
    extract = again(warehouse, *texts.values(), outcome_of, record("new", FIRST_DAY))
    assert (extract.inserted_count, extract.duplicate_count) == (0, 6)
    assert retain(warehouse, before, ORDER) is None
    assert retain(warehouse, before + DAY, ORDER).activity_count == 0, "an empty day"
    assert retain(warehouse, before + 9 * DAY, ORDER).day_count == 1, "the last day has no seal"
    assert findings(warehouse) == {}


def test_a_day_that_waits_to_be_read_again_is_kept(warehouse: Path):
    time_slice = Slice(Kind.RECONCILE, FIRST_DAY, FIRST_DAY + DAY, FIRST_DAY + DAY)
    with open_warehouse(warehouse) as connection:
        land_slice(connection, time_slice=time_slice, outcome="failed")
    assert retain(warehouse, (FIRST_DAY + 2 * DAY).date(), ORDER).day_count == 1


def test_an_attestation_and_exported_seals_tell_of_it(erased: Path):
    [written] = attest(erased, read_period("2026-05-01", "2026-05-03"))
    text = written.markdown.read_text()
    assert "3 more were read, and have been removed on request since" in text
    assert "3 activities and 1 revisions of 2 day(s), by privacy office: request 17" in text
    assert written.is_complete
    file = erased.with_name("seals.txt")
    with open_warehouse(erased, read_only=True) as connection:
        seal_file.export(connection, file)
    exported = [line.split("\t") for line in file.read_text().splitlines() if line.startswith("test")]
    assert [line[10] for line in exported if line[9] != "-"] == [
        "2 activities removed by privacy office: request 17 (removal 1)",
        "1 activity removed by privacy office: request 17 (removal 1)",
    ]
    assert checked(erased, file).findings == []


@pytest.mark.parametrize(
    ("statement", "check", "words"),
    [
        ("delete from raw.activities where activity_id = 'bob'", "sealed_days_hold", "2026-05-02"),
        ("delete from raw.removals", "removals_hold", "records one that is not there"),
        ("delete from raw.removed_activities where activity_id = 'ada_1' and table_name = 'activities'",
         "sealed_days_hold", "found 4"),
        ("delete from raw.removed_activities where table_name = 'activity_revisions'",
         "removals_hold", "what it left is not"),
        ("update raw.removals set requested_by = 'somebody else'", "removals_hold", "its row is not as recorded"),
        ("update raw.removals set activity_count = 4", "removals_hold", "its row is not"),
        ("update raw.day_seals set removal_sha256 = null", "chain_holds", "seal_sha256 is"),
        ("insert into raw.activities select * replace (99 as ingest_seq, 'ada_1' as activity_id) "
         "from raw.activities where activity_id = 'bob'", "removals_hold", "ada_1 was removed, and is there"),
        ("insert into raw.removals select * replace (2 as removal_id, removal_sha256 as previous_removal_sha256) "
         "from raw.removals",
         "removals_hold", "removal 2: its row is not"),
    ],
)  # fmt: skip
def test_what_was_done_to_a_removal_is_found(erased: Path, statement: str, check: str, words: str):
    with duckdb.connect(str(erased)) as connection:
        connection.execute(statement)
    assert words in findings(erased)[check]


def test_a_deletion_cannot_be_passed_off_as_a_removal(erased: Path):
    """Tombstone and removal as ours would be, but no seal records them."""
    with duckdb.connect(str(erased)) as connection:
        connection.execute(
            "insert into raw.removed_activities select 2, 'activities', source, activity_id, created_at, "
            "payload_sha256, extract_id, ingest_seq from raw.activities where activity_id = 'bob'"
        )
        connection.execute("delete from raw.activities where activity_id = 'bob'")
        connection.execute(
            "insert into raw.removals select * replace (2 as removal_id, 1 as activity_count, 0 as revision_count,"
            f" removal_sha256 as previous_removal_sha256, (select content_sha256 from ({CONTENTS}) where "
            "removal_id = 2) as content_sha256) from raw.removals"
        )
        connection.execute(
            "update raw.removals set "
            f"removal_sha256 = {removal_expression('removals', 'previous_removal_sha256')} where removal_id = 2"
        )
    assert findings(erased) == {"removals_hold": "removal 2: no seal of test 2026-05-02 records it"}


def test_nothing_is_removed_from_a_history_that_does_not_hold(warehouse: Path, query):
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("delete from raw.activities where activity_id = 'bob'")
    with pytest.raises(WarehouseError, match="does not verify, so nothing was removed"):
        erase(warehouse, ADA, ORDER)
    assert query("select count(*) from raw.activities where activity_id like 'ada%'") == [(2,)]
    assert [one.name for one in warehouse.parent.glob("*draft*")] == []


def test_whatever_is_removed_in_whatever_order_the_proofs_hold(path: Path, query):
    """Removals, late and changed records, repeated extracts and seals, at random."""
    chance = random.Random(1)
    people = [f"user_{n:04}" for n in range(4)]
    known: dict[str, bytes] = {}
    erased: set[str] = set()

    def fresh(day: int) -> bytes:
        name, at = f"one_{len(known)}", FIRST_DAY + day * DAY + timedelta(minutes=chance.randrange(1440))
        known[name] = record(name, at, **by(chance.choice(people)))
        return known[name]

    def extract() -> None:
        day = chance.randrange(DAYS)
        start = FIRST_DAY + day * DAY
        old = [text for text in known.values() if start.date().isoformat().encode() in text]
        changed = [text.replace(b'"x"', b'"y%d"' % chance.randrange(3)) for text in old if chance.random() < 0.2]
        again(path, *old, *changed, *(fresh(day) for _ in range(chance.randrange(3))), day=start)

    def remove() -> None:
        know_users(path, **{one: [] for one in people})
        if chance.random() < 0.3:
            retain(path, (FIRST_DAY + chance.randrange(3) * DAY).date(), ORDER)
        else:
            one = chance.choice(people)
            erased.update(name for name, text in known.items() if one.encode() in text)
            erase(path, one, ORDER)

    build(path)
    for step in (extract, remove, extract, extract, remove, lambda: seal(path), extract, remove, extract):
        step()
    assert findings(path) == {}
    seal(path)
    assert findings(path) == {}
    again(path, *known.values())
    left = {name for (name,) in query("select activity_id from raw.activities")}
    assert not left & erased
    assert len(left) > 3


def test_a_decision_about_a_finding_stays_without_what_names_the_person(warehouse: Path):
    with open_warehouse(warehouse) as connection:
        connection.execute("create schema detections")
        connection.execute(
            "create table detections.finding_history as select 'f' || finding as finding_id, "
            "'self_elevation' as rule_id, subject_id, ['ada_1'] as evidence_activity_ids "
            f"from (values (1000000, '{ADA}'), (2000000, '{BOB}')) as known (finding, subject_id)"
        )
        decide(connection, Decision("false_positive", "on-call", "x"), rule_id="self_elevation", subject_id=ADA)
        decide(connection, Decision("false_positive", "on-call", "y"), rule_id="self_elevation", subject_id=BOB)
    report = write_report(warehouse, Catalog((), ""), ADA, warehouse.parent / "reports")
    assert report.counts[DECISIONS] == 1
    assert erase(warehouse, ADA, ORDER)
    assert findings(warehouse) == {}
    with open_warehouse(warehouse) as connection:
        assert connection.execute(
            "select subject_id, note, removal_id from raw.finding_decisions order by decision_number"
        ).fetchall() == [(None, None, 1), (BOB, "y", None)]
