"""Verification: whatever somebody does to the stored history is found, and the first place is named."""

from __future__ import annotations

import hashlib
import re
import subprocess
from pathlib import Path

import duckdb
import pytest

from orchestration.evidence import seal_file
from orchestration.evidence.seals import seal_days, seal_expression
from orchestration.evidence.untrusted import open_untrusted
from orchestration.evidence.verify import CHECKS, STEPS, Verification, verify
from orchestration.warehouse.connection import open_warehouse
from orchestration.warehouse.errors import WarehouseError
from tests.histories import FIRST_DAY, build, land_slice, record

FORGED = record("activity_11", FIRST_DAY, type="forged").decode()
FORGED_SHA256 = hashlib.sha256(FORGED.encode()).hexdigest()

# Every seal from the second on computed anew, as somebody would who knows how seals are made.
FORGE_CHAIN = f"""
create or replace temp table forged as
with recursive chain as (
    from raw.day_seals where seal_number = 1
    union all
    select day_seals.* replace (
        chain.seal_sha256 as previous_seal_sha256,
        {seal_expression("day_seals", "chain.seal_sha256")} as seal_sha256
    )
    from chain join raw.day_seals on day_seals.seal_number = chain.seal_number + 1
)
select seal_number, previous_seal_sha256, seal_sha256 from chain;
update raw.day_seals
set previous_seal_sha256 = forged.previous_seal_sha256, seal_sha256 = forged.seal_sha256
from forged where forged.seal_number = day_seals.seal_number;
"""
FORGE_DAY = """
update raw.day_seals set day_sha256 = (
    select sha256(string_agg(payload_sha256, '' order by activity_id)) from raw.activities
    where created_at::date = sealed_date
) where seal_number = 2;
"""


@pytest.fixture
def warehouse(path: Path) -> Path:
    """Five days of activities, four of them sealed, and a file of their seals beside them."""
    build(path)
    with open_warehouse(path) as connection:
        land_slice(connection, record("activity_01", FIRST_DAY, changed=True))
        seal_days(connection)
        seal_file.export(connection, path.with_name("seals.txt"))
    return path


def found(path: Path, *, against: bool = False) -> Verification:
    kept = seal_file.read(path.with_name("seals.txt")) if against else None
    return verify(path, kept)


def findings(path: Path, *, against: bool = False) -> dict[str, tuple[int, str]]:
    return {
        f"{one.table} {one.name}": (one.finding_count, one.first or "")
        for one in found(path, against=against).findings
    }


def tamper(path: Path, statements: str) -> None:
    with duckdb.connect(str(path)) as connection:
        connection.execute(statements)


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


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        pytest.param(
            f"update raw.activities set payload = '{FORGED}' where activity_id = 'activity_11'",
            {
                "activities payload_hashes_hold": FORGED_SHA256,
                "activities columns_match_payloads": "forged",
            },
            id="a payload is edited",
        ),
        pytest.param(
            f"update raw.activities set payload = '{FORGED}', payload_sha256 = '{FORGED_SHA256}', "
            f"activity_type = 'forged', created_at = '{FIRST_DAY:%F}' where activity_id = 'activity_11'",
            {"day_seals sealed_days_hold": "2026-05-01 (version 1): sealed with 3 activities"},
            id="a record is replaced with its hash and columns",
        ),
        pytest.param(
            "update raw.activity_revisions set payload = '{}'",
            {
                "activity_revisions payload_hashes_hold": "activity_01",
                "activity_revisions columns_match_payloads": "activity_01",
            },
            id="a revision is edited",
        ),
        pytest.param(
            "delete from raw.activities where activity_id = 'activity_12'",
            {
                "extracts rows_match_the_ledger": "ledger says 3 activities and 0 revisions, stored are 2 and 0",
                "day_seals sealed_days_hold": "2026-05-02",
            },
            id="a row is deleted",
        ),
        pytest.param(
            "delete from raw.activities where activity_id = 'activity_12'; "
            "update raw.extracts set inserted_count = 2 where slice_start = '2026-05-02'",
            {"day_seals sealed_days_hold": "found 2 and"},
            id="a row is deleted and the ledger says so",
        ),
        pytest.param(
            "insert into raw.activities select * replace ('activity_99' as activity_id) "
            "from raw.activities where activity_id = 'activity_12'",
            {
                "activities columns_match_payloads": "activity_99",
                "activities ingest_seq_is_unique": "given 2 times",
                "extracts rows_match_the_ledger": "stored are 4",
                "day_seals sealed_days_hold": "found 4",
            },
            id="a row is inserted",
        ),
        pytest.param(
            "insert into raw.activities select * replace (1000 as ingest_seq, 'walk_x' as extract_id) "
            "from raw.activities where activity_id = 'activity_12'",
            {
                "activities ids_are_unique": "stored 2 times",
                "extracts rows_match_the_ledger": "walk_x: the ledger has no such extract",
            },
            id="a row is inserted as if it had just come",
        ),
        pytest.param(
            "update raw.activities set created_at = created_at + interval 1 day where activity_id = 'activity_01'",
            {"activities columns_match_payloads": "2026-05-02", "day_seals sealed_days_hold": "2026-05-01"},
            id="a record is moved to another day",
        ),
        *[
            pytest.param(
                f"update raw.activities set {column} = 'forged' where activity_id = 'activity_11'",
                {"activities columns_match_payloads": "activity_11: the columns say"},
                id=f"{column} is edited",
            )
            for column in ("organization_id", "organization_uuid", "actor_type")
        ],
        pytest.param(
            "delete from raw.day_seals where seal_number = 2",
            {"day_seals chain_holds": "seal 2 of 2026-05-03: number 3, expected 2"},
            id="a seal is deleted",
        ),
        pytest.param(
            "delete from raw.day_seals where seal_number = 2; "
            "update raw.day_seals set seal_number = seal_number - 1 where seal_number > 2",
            {"day_seals chain_holds": "previous seal is"},
            id="a seal is deleted and the others are numbered anew",
        ),
        pytest.param(
            "insert into raw.day_seals select * replace (2 as seal_version) "
            "from raw.day_seals where seal_number = 4",
            {"day_seals chain_holds": "number 4, expected 5"},
            id="a seal is inserted",
        ),
        pytest.param(
            "update raw.day_seals set activity_count = 4 where seal_number = 1",
            {
                "day_seals chain_holds": "seal 1 of 2026-05-01: seal_sha256 is",
                "day_seals sealed_days_hold": "sealed with 4",
            },
            id="a seal is edited",
        ),
        pytest.param(
            "update raw.day_seals set last_ingest_seq = 1 where seal_number = 1",
            {"day_seals sealed_days_hold": "found 1"},
            id="what a seal can have seen is edited",
        ),
    ],
)  # fmt: skip
def test_what_was_done_to_the_history_is_found(warehouse: Path, statements: str, expected: dict[str, str]):
    tamper(warehouse, statements)
    result = findings(warehouse)
    assert result.keys() == expected.keys()
    for name, words in expected.items():
        assert words in result[name][1]


def test_a_whole_new_chain_is_found_only_with_the_seals_kept_elsewhere(warehouse: Path):
    tamper(
        warehouse,
        f"update raw.activities set payload = replace(payload, 'system_actor', 'systen_actor') "
        f"where activity_id = 'activity_11'; update raw.activities set payload_sha256 = sha256(payload), "
        f"actor_type = if(activity_id = 'activity_11', 'systen_actor', actor_type); "
        f"{FORGE_DAY} {FORGE_CHAIN}",
    )
    assert findings(warehouse) == {}
    result = findings(warehouse, against=True)
    assert result.keys() == {"day_seals kept_seals_are_there"}
    count, first = result["day_seals kept_seals_are_there"]
    assert count == 3
    assert first.startswith("test seal 2 of 2026-05-02: the file has ")


def test_the_newest_seals_cannot_vanish_from_a_kept_file(warehouse: Path):
    tamper(warehouse, "delete from raw.day_seals where seal_number > 3")
    assert findings(warehouse) == {}
    assert found(warehouse).unsealed_day_count == 2
    count, first = findings(warehouse, against=True)["day_seals kept_seals_are_there"]
    assert count == 1
    assert first.startswith("test seal 4 of 2026-05-04")
    assert first.endswith("missing in the warehouse")


def test_a_seal_s_time_is_in_the_kept_file_too(warehouse: Path):
    tamper(warehouse, "update raw.day_seals set sealed_at = sealed_at - interval 1 year")
    assert findings(warehouse) == {}
    assert findings(warehouse, against=True)["day_seals kept_seals_are_there"][0] == 4


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
    monkeypatch.setattr("orchestration.evidence.verify._PART_ROWS", 3)
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


def test_the_payload_stays_out_of_the_words(warehouse: Path):
    tamper(warehouse, """update raw.activities set payload = '{"id":"a","email":"ada@example.com"}'""")
    assert "ada@example.com" not in str(findings(warehouse))


def test_a_line_of_the_file_can_be_checked_by_hand(warehouse: Path):
    text = warehouse.with_name("seals.txt").read_text()
    command = next(line for line in text.splitlines() if "sha256sum" in line).lstrip("# ")
    seals = [line.split("\t") for line in text.splitlines() if not line.startswith("#")]
    assert len(seals) == 4
    for source, _, day, _, count, day_sha256, previous, seal, *_ in seals:
        words = {"PREVIOUS": "''" if previous == "-" else previous, "SOURCE": source, "DATE": day, "COUNT": count}
        line = command.replace("DAY_SHA256", day_sha256)
        for word, value in words.items():
            line = line.replace(f" {word}", f" {value}")
        said = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=True).stdout
        assert said.split()[0] == seal


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda text: "notes of a meeting\n", "no file of exported seals"),
        (lambda text: "", "no file of exported seals"),
        (lambda text: text[:-30], "no file of exported seals"),
        (lambda text: text.replace("\t3\t", "\t4\t"), "was changed"),
        (lambda text: "".join(line for line in text.splitlines(True) if "2026-05-02" not in line), "was changed"),
    ],
    ids=["another file", "an empty file", "a cut file", "an edited file", "a line is missing"],
)
def test_a_file_that_proves_nothing_is_refused(warehouse: Path, change, sentence: str):
    file = warehouse.with_name("seals.txt")
    file.write_text(change(file.read_text()))
    with pytest.raises(WarehouseError, match=sentence):
        seal_file.read(file)


def test_a_missing_file_and_bytes_are_refused(tmp_path: Path):
    with pytest.raises(WarehouseError, match="No such file"):
        seal_file.read(tmp_path / "nothing.txt")
    (tmp_path / "bytes").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(WarehouseError, match="no file of exported seals"):
        seal_file.read(tmp_path / "bytes")


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
    "raw.activities": "alter table raw.activities rename to original; "
    "create view raw.activities as from raw.honest",
}  # fmt: skip


@pytest.mark.parametrize("name", HIDING)
@pytest.mark.parametrize("against", [False, True], ids=["alone", "against kept seals"])
def test_code_in_the_file_hides_nothing(warehouse: Path, name: str, against: bool):
    tamper(warehouse, f"create table raw.honest as from raw.activities; {HIDING[name]}")
    with pytest.raises(WarehouseError, match=f"{re.escape(name)}[ ,.]"):
        found(warehouse, against=against)


def test_the_views_of_dbt_are_no_code_that_verification_reads(warehouse: Path):
    tamper(warehouse, "create schema staging; create view staging.stg_feed__activities as from raw.activities")
    assert found(warehouse).findings == []
