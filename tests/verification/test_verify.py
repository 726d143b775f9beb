"""Verification: whatever somebody does to the stored history is found, and the first place is named."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from orchestration.evidence.seals import seal_days
from orchestration.verification.untrusted import open_untrusted
from orchestration.verification.verify import CHECKS, STEPS
from orchestration.warehouse.connection import open_warehouse
from orchestration.warehouse.errors import WarehouseError
from tests.end_to_end.test_evidence import command
from tests.histories import FIRST_DAY, build, land_slice, record
from tests.verification.tampering import FORGED, FORGED_SHA256, findings, found, require_found, tamper


def test_the_order_of_the_steps_is_free(warehouse: Path):
    """Each step alone, and all of them backwards, find what `verify` finds, and leave no table behind."""
    tamper(warehouse, "update raw.day_seals set day_sha256 = 'forged' where seal_number = 2")
    expected = {(one.table, one.name): one.finding_count for one in found(warehouse).outcomes}
    assert any(expected.values())
    with open_untrusted(warehouse) as connection:
        backwards = [one for step in reversed(STEPS) for one in step(connection)]
        assert connection.execute("select table_name from duckdb_tables() where temporary").fetchall() == []
    alone = []
    for step in STEPS:
        with open_untrusted(warehouse) as connection:
            alone += step(connection)
    for outcomes in (backwards, alone):
        assert {(one.table, one.name): one.finding_count for one in outcomes} == expected


def test_an_honest_warehouse_verifies_and_says_what_no_seal_holds(warehouse: Path):
    result = found(warehouse, against=True)
    assert result.findings == []
    checked = {(one.table, one.name): one.checked_count for one in result.outcomes}
    assert set(checked) == {*CHECKS, ("day_seals", "kept_seals_are_there")}
    assert checked["activities", "payload_hashes_hold"] == result.activity_count == 12
    assert checked["activity_revisions", "payload_hashes_hold"] == 1
    assert checked["activities", "ingest_seq_is_unique"] == 13
    assert checked["extracts", "rows_match_the_ledger"] == 6
    assert checked["day_seals", "sealed_days_hold"] == 4
    assert (result.unsealed_day_count, result.unsealed_activity_count) == (1, 3)


# The tampering, and the checks that find it, each with words of its sentence.
TAMPERED: dict[str, tuple[str, dict[str, str]]] = {
    "a payload is edited": (
        f"update raw.activities set payload = '{FORGED}' where activity_id = 'activity_11'",
        {"activities payload_hashes_hold": FORGED_SHA256, "activities columns_match_payloads": "forged"},
    ),
    "a record is replaced with its hash and columns": (
        f"update raw.activities set payload = '{FORGED}', payload_sha256 = '{FORGED_SHA256}', "
        f"activity_type = 'forged', created_at = '{FIRST_DAY:%F}' where activity_id = 'activity_11'",
        {
            "day_seals sealed_days_hold": "2026-05-01 (version 1): sealed with 3 activities",
            "extracts contents_match_the_ledger": "received was",
        },
    ),
    "a revision is edited": (
        "update raw.activity_revisions set payload = '{}'",
        {
            "activity_revisions payload_hashes_hold": "activity_01",
            "activity_revisions columns_match_payloads": "activity_01",
        },
    ),
    "a row is deleted": (
        "delete from raw.activities where activity_id = 'activity_12'",
        {
            "extracts rows_match_the_ledger": "0 quarantined records, stored are 2, 0 and 0",
            "extracts contents_match_the_ledger": "received was",
            "day_seals sealed_days_hold": "2026-05-02",
        },
    ),
    "a row is deleted and the ledger says so": (
        "delete from raw.activities where activity_id = 'activity_12'; "
        "update raw.extracts set inserted_count = 2 where slice_start = '2026-05-02'",
        {
            "day_seals sealed_days_hold": "found 2 and",
            "extracts sealed_extracts_hold": "seal 1 of 2026-05-01: sealed with 6 extracts",
        },
    ),
    "a row is inserted": (
        "insert into raw.activities select * replace ('activity_99' as activity_id) "
        "from raw.activities where activity_id = 'activity_12'",
        {
            "activities columns_match_payloads": "activity_99",
            "activities ingest_seq_is_unique": "given 2 times",
            "extracts rows_match_the_ledger": "stored are 4",
            "extracts contents_match_the_ledger": "received was",
            "day_seals sealed_days_hold": "found 4",
        },
    ),
    "a row is inserted as if it had just come": (
        "insert into raw.activities select * replace (1000 as ingest_seq, 'walk_x' as extract_id) "
        "from raw.activities where activity_id = 'activity_12'",
        {
            "activities ids_are_unique": "stored 2 times",
            "extracts rows_match_the_ledger": "walk_x: the ledger has no such extract",
        },
    ),
    "a record is moved to another day": (
        "update raw.activities set created_at = created_at + interval 1 day where activity_id = 'activity_01'",
        {"activities columns_match_payloads": "2026-05-02", "day_seals sealed_days_hold": "2026-05-01"},
    ),
    **{
        f"{column} is edited": (
            f"update raw.activities set {column} = 'forged' where activity_id = 'activity_11'",
            {"activities columns_match_payloads": "activity_11: the columns say"},
        )
        for column in ("organization_id", "organization_uuid", "actor_type")
    },
    "a seal is deleted": (
        "delete from raw.day_seals where seal_number = 2",
        {"day_seals chain_holds": "seal 2 of 2026-05-03: number 3, expected 2"},
    ),
    "a seal is deleted and the others are renumbered": (
        "delete from raw.day_seals where seal_number = 2; "
        "update raw.day_seals set seal_number = seal_number - 1 where seal_number > 2",
        {"day_seals chain_holds": "previous seal is"},
    ),
    "a seal is inserted": (
        "insert into raw.day_seals select * replace (2 as seal_version) from raw.day_seals where seal_number = 4",
        {"day_seals chain_holds": "number 4, expected 5"},
    ),
    "a seal is edited": (
        "update raw.day_seals set activity_count = 4 where seal_number = 1",
        {
            "day_seals chain_holds": "seal 1 of 2026-05-01: seal_sha256 is",
            "day_seals sealed_days_hold": "sealed with 4",
        },
    ),
    "what a seal can have seen is edited": (
        "update raw.day_seals set last_ingest_seq = 1 where seal_number = 1",
        {"day_seals sealed_days_hold": "found 1", "day_seals chain_holds": "seal_sha256 is"},
    ),
    "the root of a day's hash tree is edited": (
        "update raw.day_seals set merkle_root = sha256('other') where seal_number = 1",
        {"day_seals sealed_days_hold": "2026-05-01", "day_seals chain_holds": "seal 1 of 2026-05-01: seal"},
    ),
    "a revision is edited with its hash": (
        "update raw.activity_revisions set payload = replace(payload, 'true', 'null'); "
        "update raw.activity_revisions set payload_sha256 = sha256(payload)",
        {"extracts contents_match_the_ledger": "revisions were"},
    ),
    "a request is claimed for a sealed extract": (
        "insert into raw.feed_requests select 'req_1', source, extract_id, 200, started_at from raw.extracts "
        "where slice_start = '2026-05-02'",
        {"extracts sealed_extracts_hold": "test seal 1 of 2026-05-01: sealed with 6 extracts"},
    ),
}


@pytest.mark.parametrize("name", TAMPERED)
def test_what_was_done_to_the_history_is_found(warehouse: Path, name: str):
    require_found(warehouse, *TAMPERED[name])


def test_a_late_record_waits_for_its_seal_and_then_holds(warehouse: Path):
    with open_warehouse(warehouse) as connection:
        land_slice(connection, record("late", FIRST_DAY))
    result = found(warehouse, against=True)
    assert (result.findings, result.changed_day_count) == ([], 1)
    with open_warehouse(warehouse) as connection:
        seal_days(connection)
    result = found(warehouse, against=True)
    assert (result.findings, result.changed_day_count) == ([], 0)
    checked = {one.name: one.checked_count for one in result.outcomes}
    assert (checked["sealed_days_hold"], checked["kept_seals_are_there"]) == (5, 4)


def test_sealing_again_does_not_hide_what_was_done_before(warehouse: Path):
    tamper(warehouse, "delete from raw.activities where activity_id = 'activity_02'")
    with open_warehouse(warehouse) as connection:
        land_slice(connection, record("late", FIRST_DAY))
        seal_days(connection)
    assert "2026-05-01 (version 1)" in findings(warehouse)["day_seals sealed_days_hold"][1]


def test_findings_are_the_same_however_finely_the_ids_are_cut(warehouse: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("orchestration.verification.verify._PART_ROWS", 3)
    tamper(
        warehouse,
        "insert into raw.activities from raw.activities where activity_id in ('activity_12', 'activity_31')",
    )
    result = found(warehouse)
    by_name = {one.name: one for one in result.outcomes if one.table == "activities"}
    for name in ("ids_are_unique", "ingest_seq_is_unique"):
        assert by_name[name].finding_count == 2
    assert by_name["ids_are_unique"].checked_count == 14
    assert "activity_12" in by_name["ids_are_unique"].first


def test_an_id_that_the_feed_gives_days_apart_is_named(path: Path):
    """Landing looks for known ids around the time of a record, so that such a one is stored twice."""
    build(path)
    with open_warehouse(path) as connection:
        later = FIRST_DAY + timedelta(days=3)
        land_slice(connection, record("activity_01", later), start=later)
    assert findings(path) == {"activities ids_are_unique": (1, "test activity_01: stored 2 times, expected once")}


def test_the_command_prints_no_control_code_of_an_id(
    warehouse: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
):
    tamper(warehouse, "update raw.activities set activity_id = chr(27) || '[31m' || chr(10) || 'all is well'")
    assert command(monkeypatch, warehouse, "verify") == 1
    printed = capsys.readouterr()
    assert "\x1b" not in printed.out + printed.err
    assert "\\x1b[31m\\nall is well" in printed.err


def test_no_sentence_has_a_payload(warehouse: Path):
    tamper(warehouse, """update raw.activities set payload = '{"id":"a","email":"ada@example.com"}'""")
    assert "ada@example.com" not in str(findings(warehouse))


HIDING = {
    "macro main.sha256": "create macro main.sha256(x) as (select 'forged')",
    "macro raw.sha256": "create macro raw.sha256(x) as x",
    "macro marts.count": "create schema marts; create macro marts.count(x) as 3",
    "macro main.read_parquet": "create macro main.read_parquet(x) as table select 1",
    "view raw.stored_activities": "create or replace view raw.stored_activities as from raw.honest",
    "view raw.coverage": "create or replace view raw.coverage as "
    "select 'test' as source, timestamp '2000-01-01' as covered_from, timestamp '2100-01-01' as covered_to",
    "view raw.honest_rows": "create view raw.honest_rows as from raw.honest",
    "view main.activities": "create view main.activities as from raw.honest",
    "type raw.mood": "create type raw.mood as enum ('honest')",
    "sequence main.numbers": "create sequence main.numbers",
    "computed column raw.notes.note": "create table raw.notes (n int, note varchar generated always as ('x'))",
    "collation raw.activities": "alter table raw.activities alter activity_type type varchar collate nocase; "
    "update raw.activities set activity_type = upper(activity_type)",
    "raw.activities": "alter table raw.activities rename to original; "
    "create view raw.activities as from raw.honest",
}  # fmt: skip


@pytest.mark.parametrize("name", HIDING)
def test_code_in_the_file_hides_nothing(warehouse: Path, name: str):
    tamper(warehouse, f"create table raw.honest as from raw.activities; {HIDING[name]}")
    for against in (False, True):
        with pytest.raises(WarehouseError, match=f"{re.escape(name)}[ ,.]"):
            found(warehouse, against=against)


def test_no_seals_are_exported_from_a_file_with_such_code(
    warehouse: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
):
    tamper(
        warehouse, "alter table raw.day_seals rename to original; create view raw.day_seals as from raw.original"
    )
    exported = warehouse.with_name("exported.txt")
    assert command(monkeypatch, warehouse, "seals", "--export", str(exported)) == 1
    assert "view raw.day_seals" in capsys.readouterr().err
    assert not exported.exists()


def test_the_views_of_dbt_are_no_code_that_verification_reads(warehouse: Path):
    tamper(warehouse, "create schema staging; create view staging.stg_feed__activities as from raw.activities")
    assert found(warehouse).findings == []
