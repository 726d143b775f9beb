"""Verification: whatever somebody does to the stored history is found, and the first place is named."""

from __future__ import annotations

import hashlib
import re
import subprocess
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from orchestration.evidence import seal_file
from orchestration.evidence.ledger_sql import LEDGER_HASH, LEDGER_ROWS
from orchestration.evidence.merkle import merkle_root
from orchestration.evidence.seals import seal_days, seal_expression
from orchestration.verification.untrusted import open_untrusted
from orchestration.verification.verify import CHECKS, STEPS, Verification, verify
from orchestration.warehouse.connection import open_warehouse
from orchestration.warehouse.errors import WarehouseError
from orchestration.warehouse.ledger import close_abandoned, unproven
from tests.end_to_end.test_evidence import command
from tests.histories import FIRST_DAY, build, land_slice, record

FORGED = record("activity_11", FIRST_DAY, type="forged").decode()
FORGED_SHA256 = hashlib.sha256(FORGED.encode()).hexdigest()

# Every seal computed anew, as somebody would who knows how seals are made.
FORGE_CHAIN = f"""
create or replace temp table forged as
with recursive chain as (
    select * replace ({seal_expression("day_seals", "null")} as seal_sha256)
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
# The first seal covers all that the ledger had when the fixture was sealed.
FORGE_LEDGER = f"""
update raw.extracts set content_sha256 = found.content_sha256 from (
    select extract_id, sha256(string_agg(payload_sha256, '' order by ingest_seq)) as content_sha256
    from raw.activities group by extract_id
) as found where extracts.extract_id = found.extract_id;
update raw.day_seals set ledger_sha256 = (select {LEDGER_HASH} from ({LEDGER_ROWS})) where seal_number = 1;
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
        # Other content for one activity, and one that is known.
        known = record("activity_02", FIRST_DAY + timedelta(hours=2))
        land_slice(connection, record("activity_01", FIRST_DAY, changed=True), known)
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
            {
                "day_seals sealed_days_hold": "2026-05-01 (version 1): sealed with 3 activities",
                "extracts contents_match_the_ledger": "received was",
            },
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
                "extracts rows_match_the_ledger": "0 quarantined records, stored are 2, 0 and 0",
                "extracts contents_match_the_ledger": "received was",
                "day_seals sealed_days_hold": "2026-05-02",
            },
            id="a row is deleted",
        ),
        pytest.param(
            "delete from raw.activities where activity_id = 'activity_12'; "
            "update raw.extracts set inserted_count = 2 where slice_start = '2026-05-02'",
            {
                "day_seals sealed_days_hold": "found 2 and",
                "extracts sealed_extracts_hold": "seal 1 of 2026-05-01: sealed with 6 extracts",
            },
            id="a row is deleted and the ledger says so",
        ),
        pytest.param(
            "insert into raw.activities select * replace ('activity_99' as activity_id) "
            "from raw.activities where activity_id = 'activity_12'",
            {
                "activities columns_match_payloads": "activity_99",
                "activities ingest_seq_is_unique": "given 2 times",
                "extracts rows_match_the_ledger": "stored are 4",
                "extracts contents_match_the_ledger": "received was",
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
            {"day_seals sealed_days_hold": "found 1", "day_seals chain_holds": "seal_sha256 is"},
            id="what a seal can have seen is edited",
        ),
        pytest.param(
            "update raw.day_seals set merkle_root = sha256('other') where seal_number = 1",
            {"day_seals sealed_days_hold": "2026-05-01", "day_seals chain_holds": "seal 1 of 2026-05-01: seal"},
            id="the root of a day's hash tree is edited",
        ),
        pytest.param(
            "update raw.activity_revisions set payload = replace(payload, 'true', 'null'); "
            "update raw.activity_revisions set payload_sha256 = sha256(payload)",
            {"extracts contents_match_the_ledger": "revisions were"},
            id="a revision is edited with its hash",
        ),
        pytest.param(
            "insert into raw.feed_requests select 'req_1', source, extract_id, 200, started_at from raw.extracts "
            "where slice_start = '2026-05-02'",
            {"extracts sealed_extracts_hold": "test seal 1 of 2026-05-01: sealed with 6 extracts"},
            id="a request is claimed for a sealed extract",
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
        f"{FORGE_DAY} {FORGE_LEDGER} {FORGE_CHAIN}",
    )
    assert findings(warehouse).keys() == {"day_seals sealed_days_hold"}
    with duckdb.connect(str(warehouse)) as connection:
        hashes = (
            "select string_agg(payload_sha256, '' order by activity_id) from raw.activities where created_at::date"
        )
        [(of_day,)] = connection.execute(f"{hashes} = '2026-05-02'").fetchall()
        connection.execute("update raw.day_seals set merkle_root = ? where seal_number = 2", [merkle_root(of_day)])
    tamper(warehouse, FORGE_CHAIN)
    assert findings(warehouse) == {}
    result = findings(warehouse, against=True)
    assert result.keys() == {"day_seals kept_seals_are_there"}
    count, first = result["day_seals kept_seals_are_there"]
    assert count == 4
    assert first.startswith("test seal 1 of 2026-05-01: the file has ")


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
    said = capsys.readouterr()
    assert "\x1b" not in said.out + said.err
    assert "\\x1b[31m\\nall is well" in said.err


def test_the_payload_stays_out_of_the_words(warehouse: Path):
    tamper(warehouse, """update raw.activities set payload = '{"id":"a","email":"ada@example.com"}'""")
    assert "ada@example.com" not in str(findings(warehouse))


def test_a_line_of_the_file_can_be_checked_by_hand(warehouse: Path):
    text = warehouse.with_name("seals.txt").read_text()
    command = next(line for line in text.splitlines() if "sha256sum" in line).lstrip("# ")
    seals = [line.split("\t") for line in text.splitlines() if not line.startswith("#")]
    assert len(seals) == 4
    for source, _, day, _, count, day_sha256, previous, seal, _, removal, _, *ledger in seals:
        texts = [previous, source, day, count, day_sha256, removal, *ledger]
        arguments = " ".join("''" if text == "-" else text for text in texts)
        line = re.sub("PREVIOUS .* MERKLE_ROOT", arguments, command)
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


AHEAD = "interval 3 year"
# As the version before wrote it: seals of days alone, a ledger without numbers.
OLDER = f"""
update raw.day_seals set
    seal_format = null, last_extract_seq = null, extract_count = null, ledger_sha256 = null;
{FORGE_CHAIN}
drop table raw.doubted_extracts;
alter table raw.dropped_extracts rename to dropped_walks;
create table raw.former as select * exclude (extract_seq, revisions_sha256) from raw.extracts;
drop table raw.extracts;
alter table raw.former rename to extracts;
alter table raw.extracts add primary key (extract_id);
alter table raw.day_seals drop column seal_format;
alter table raw.day_seals drop column last_extract_seq;
alter table raw.day_seals drop column extract_count;
alter table raw.day_seals drop column ledger_sha256;
alter table raw.day_seals drop column last_walk_seq;
alter table raw.day_seals drop column walk_count;
alter table raw.day_seals drop column walks_sha256;
alter table raw.day_seals drop column merkle_root;
update raw.schema_version set version = 3;
"""

EDITS = {
    "failed becomes complete": "update raw.extracts set status = 'complete', error = null where status = 'failed'",
    "a slice is widened": "update raw.extracts set slice_end = slice_end + interval 1 day "
    "where slice_start = '2026-05-02'",
    "a row is inserted": "insert into raw.extracts select * replace ('forged' as extract_id) "
    "from raw.extracts where slice_start = '2026-05-03'",
    "a row without a number is inserted": "insert into raw.extracts select * replace ('forged' as extract_id, "
    "null as extract_seq) from raw.extracts where slice_start = '2026-05-03'",
    "a row is deleted": "delete from raw.extracts where slice_start = '2026-05-03'",
    "a failed row is deleted": "delete from raw.extracts where status = 'failed'",
    "a cursor is edited": "update raw.extracts set last_cursor = 'forged' where slice_start = '2026-05-02'",
    "a time is edited": "update raw.extracts set started_at = started_at - interval 1 day",
    "a number is edited": "update raw.extracts set extract_seq = 100 where slice_start = '2026-05-02'",
}  # fmt: skip


@pytest.mark.parametrize("name", EDITS)
def test_the_sealed_ledger_cannot_be_edited(path: Path, name: str):
    with open_warehouse(path) as connection:
        land_slice(connection, start=FIRST_DAY, outcome="failed")
    build(path)
    with open_warehouse(path) as connection:
        seal_days(connection)
    assert found(path).findings == []
    tamper(path, EDITS[name])
    assert findings(path)["extracts sealed_extracts_hold"][1].startswith(
        "test seal 1 of 2026-05-01: sealed with 6"
    )


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
    tamper(warehouse, EDITS["failed becomes complete"])
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


def test_a_warehouse_of_the_version_before_verifies_and_its_kept_seals_are_read(warehouse: Path):
    kept = warehouse.with_name("seals.txt")
    tamper(warehouse, OLDER)
    with open_warehouse(warehouse) as connection:
        seal_file.export(connection, kept)
    lines = [line.split("\t") for line in kept.read_text().splitlines() if line[0] != "#"]
    # The shorter ones were written before there were removals.
    for width in (9, 11):
        kept.write_text("".join("\t".join(line[:width]) + "\n" for line in lines))
        assert found(warehouse, against=True).findings == []
    with open_warehouse(warehouse) as connection:
        land_slice(connection, record("late", FIRST_DAY))
        seal_days(connection)
    assert found(warehouse, against=True).findings == []
    tamper(warehouse, "update raw.extracts set last_cursor = 'forged' where slice_start = '2026-05-03'")
    assert "test seal 5 of 2026-05-01: sealed with 7" in findings(warehouse)["extracts sealed_extracts_hold"][1]


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
