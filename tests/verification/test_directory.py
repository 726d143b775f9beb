"""The directory under verification and seals: what is done to walks and items is found, and the first is named."""

import hashlib
from datetime import timedelta
from pathlib import Path

import pytest

from orchestration.evidence import seal_file
from orchestration.evidence.seals import seal_days
from orchestration.verification.verify import CHECKS
from orchestration.warehouse.connection import open_warehouse
from tests.histories import DAYS, FIRST_DAY, build, land_slice, record
from tests.observed import observe, observe_usage
from tests.verification.tampering import findings as all_findings
from tests.verification.tampering import found, require_found, tamper

ORG = "org-1"
HOUR = timedelta(hours=1)

# What the usage report does not say of its first key.
OTHERWISE = {
    "api_key_id": "'apikey_3'", "workspace_id": "'workspace_1'", "model": "null", "output_token_count": "0",
    "uncached_input_token_count": "1", "cache_read_token_count": "1", "cache_creation_token_count": "1",
}  # fmt: skip


def member(user_id: str, role: str = "user") -> dict:
    return {"id": user_id, "email": f"{user_id}@example.com", "role": role}


def members(*user_ids: str, **roles: str) -> dict[str, dict]:
    return {one: member(one, roles.get(one, "user")) for one in user_ids}


def walks(path: Path) -> None:
    """Six walks: four of the members, of whom one comes, one changes, one goes and one comes back; two others."""
    with open_warehouse(path) as connection:
        observe(connection, "members", members("user_b", "user_a", "user_é"), FIRST_DAY, parent_id=ORG)
        observe(
            connection, "members", members("user_b", "user_c", user_b="admin"), FIRST_DAY + HOUR, parent_id=ORG
        )
        observe(
            connection, "members", members("user_b", "user_c", user_b="admin"), FIRST_DAY + 2 * HOUR, parent_id=ORG
        )
        observe(
            connection, "members", members("user_a", "user_b", user_b="admin"), FIRST_DAY + 3 * HOUR, parent_id=ORG
        )
        observe(connection, "groups", {}, FIRST_DAY + 3 * HOUR)
        observe_usage(connection, {"apikey_1": 5, "apikey_2": 6}, FIRST_DAY + 4 * HOUR)


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five days of activities, four of them sealed after the walks, and one walk since."""
    path = tmp_path_factory.mktemp("sealed") / "warehouse.duckdb"
    build(path)
    walks(path)
    with open_warehouse(path) as connection:
        seal_days(connection)
        seal_file.export(connection, path.with_name("seals.txt"))
        observe(connection, "members", members("user_b", user_b="admin"), FIRST_DAY + 5 * HOUR, parent_id=ORG)
    return path


def findings(path: Path, **options: bool) -> dict[str, str]:
    return {name: first for name, (_, first) in all_findings(path, **options).items()}


def test_an_honest_directory_verifies_and_says_what_no_seal_holds(warehouse: Path):
    result = found(warehouse, against=True)
    assert result.findings == []
    checked = {(one.table, one.name): one.checked_count for one in result.outcomes}
    assert set(checked) == {*CHECKS, ("day_seals", "kept_seals_are_there")}
    assert checked["directory_items", "payload_hashes_hold"] == 10
    assert checked["key_usage", "usage_hashes_hold"] == 2
    assert checked["directory_walks", "rows_match_the_ledger"] == 7
    assert checked["directory_walks", "sealed_walks_hold"] == 6
    assert "Not yet sealed: 1 directory walk(s)." in list(result.describe())


def test_without_a_directory_verification_does_not_mention_it(path: Path, query):
    build(path)
    with open_warehouse(path) as connection:
        seal_days(connection)
    result = found(path)
    assert not any("directory walk" in line for line in result.describe())
    assert query("select distinct seal_format, last_walk_seq, walk_count, walks_sha256 from raw.day_seals") == [
        (2, 0, 0, hashlib.sha256().hexdigest())
    ]


# The tampering, and the checks that find it, each with words of its sentence.
TAMPERED: dict[str, tuple[str, dict[str, str]]] = {
    "a payload is edited": (
        "update raw.directory_items set payload = replace(payload, 'admin', 'owner') where item_id = 'user_b'",
        {"directory_items payload_hashes_hold": "members of org-1 user_b"},
    ),
    "a payload is edited with its hash": (
        "update raw.directory_items set payload = replace(payload, 'admin', 'owner') where item_id = 'user_b';"
        "update raw.directory_items set payload_sha256 = sha256(payload)",
        {"directory_walks contents_match_the_ledger": "walk_00002: members of org-1: received was"},
    ),
    "a payload is taken": (
        "update raw.directory_items set payload = null where item_id = 'user_c' and is_present",
        {"directory_items payload_hashes_hold": "user_c"},
    ),
    "an item is deleted": (
        "delete from raw.directory_items where item_id = 'user_c' and is_present",
        {
            "directory_walks rows_match_the_ledger": "walk_00002: members of org-1: the ledger says 1 new, "
            "1 changed and 2 gone, stored are 0, 1 and 2",
            "directory_walks contents_match_the_ledger": "walk_00002",
        },
    ),
    "what says that an item is gone is deleted": (
        "delete from raw.directory_items where item_id = 'user_é' and not is_present",
        {
            "directory_walks rows_match_the_ledger": "stored are 1, 1 and 1",
            "directory_walks contents_match_the_ledger": "walk_00002",
        },
    ),
    "an item is inserted": (
        "insert into raw.directory_items select * replace ('user_z' as item_id, 'user_z' as payload) "
        "from raw.directory_items where item_id = 'user_c' and is_present; "
        "update raw.directory_items set payload_sha256 = sha256(payload)",
        {
            "directory_walks rows_match_the_ledger": "stored are 2, 1 and 2",
            "directory_walks contents_match_the_ledger": "walk_00002",
        },
    ),
    "an item is inserted with a walk of its own": (
        "insert into raw.directory_items select * replace ('walk_x' as walk_id) "
        "from raw.directory_items where item_id = 'user_c' and is_present",
        {"directory_walks rows_match_the_ledger": "walk_x: there is no such walk"},
    ),
    "an item gets another id": (
        "update raw.directory_items set item_id = 'user_bb' where item_id = 'user_b'",
        {"directory_items columns_match_payloads": "the column says user_bb, the payload says user_b"},
    ),
    "an item is moved in time": (
        "update raw.directory_items set observed_at = observed_at - interval 1 day where item_id = 'user_c'",
        {"directory_walks rows_match_the_ledger": "walk_00002: members of org-1: a row of it has another"},
    ),
    "an item is moved to another list": (
        "update raw.directory_items set parent_id = 'org-2' where item_id = 'user_c'",
        {
            "directory_walks rows_match_the_ledger": "walk_00002",
            "directory_walks contents_match_the_ledger": "walk_00002",
        },
    ),
    "a walk is said to have failed": (
        "update raw.directory_walks set status = 'failed' where walk_id = 'walk_00001'",
        {
            "directory_walks rows_match_the_ledger": "members of org-1: it is failed, and has rows",
            "directory_walks sealed_walks_hold": "seal 1 of 2026-05-01: sealed with 6 walks",
        },
    ),
    "a walk is edited": (
        "update raw.directory_walks set last_request_id = 'req_x' where walk_id = 'walk_00003'",
        {"directory_walks sealed_walks_hold": "seal 1 of 2026-05-01: sealed with 6 walks and hash"},
    ),
    "a walk without changes is deleted": (
        "delete from raw.directory_walks where walk_id = 'walk_00003'",
        {
            "directory_walks sealed_walks_hold": "found 5 and",
            "directory_walks walk_seq_has_no_gap": "number 4 (walk_00004): expected 3",
        },
    ),
    "a walk is deleted and the others are numbered again": (
        "delete from raw.directory_walks where walk_id = 'walk_00003'; "
        "update raw.directory_walks set walk_seq = walk_seq - 1 where walk_seq > 3",
        {"directory_walks sealed_walks_hold": "found 6 and"},
    ),
    "a walk is inserted": (
        "insert into raw.directory_walks select * replace ('walk_x' as walk_id) "
        "from raw.directory_walks where walk_id = 'walk_00003'",
        {
            "directory_walks sealed_walks_hold": "found 7 and",
            "directory_walks walk_seq_has_no_gap": "number 3 (walk_x): expected 4",
        },
    ),
    "the hash of a walk is edited that no seal holds": (
        "update raw.directory_walks set content_sha256 = sha256('') where walk_id = 'walk_00007'",
        {"directory_walks contents_match_the_ledger": "walk_00007"},
    ),
    "a row of the usage report is edited": (
        "update raw.key_usage set payload = '{}' where api_key_id = 'apikey_1'",
        {"key_usage usage_hashes_hold": "2026-04-30 apikey_1"},
    ),
    "a version of the usage report is edited": (
        "update raw.key_usage set usage_version = 2 where api_key_id = 'apikey_1'",
        {"key_usage usage_hashes_hold": "its version is not that of its walk"},
    ),
    "an older content of an item is made the newest": (
        "update raw.directory_items set ingest_seq = 1000 - ingest_seq where item_id = 'user_b'",
        {"directory_walks rows_match_the_ledger": "a row of it has another source, list, time or place"},
    ),
    "a row of the usage report is deleted": (
        "delete from raw.key_usage where api_key_id = 'apikey_1'",
        {"directory_walks rows_match_the_ledger": "walk_00006: usage of 2026-04-30"},
    ),
    "what a seal covers of the directory is edited": (
        "update raw.day_seals set walk_count = 5 where seal_number = 1",
        {
            "day_seals chain_holds": "seal 1 of 2026-05-01: seal_sha256 is",
            "directory_walks sealed_walks_hold": "sealed with 5 walks",
        },
    ),
    "a seal is said to cover no directory": (
        "update raw.day_seals set seal_format = 1 where seal_number = 4",
        {"day_seals chain_holds": "seal 4 of 2026-05-04: seal_sha256 is"},
    ),
}


@pytest.mark.parametrize("name", TAMPERED)
def test_what_was_done_to_the_directory_is_found(warehouse: Path, name: str):
    require_found(warehouse, *TAMPERED[name])


def test_no_column_of_the_usage_report_can_be_edited(warehouse: Path):
    honest = warehouse.read_bytes()
    for column, value in OTHERWISE.items():
        warehouse.write_bytes(honest)
        tamper(warehouse, f"update raw.key_usage set {column} = {value} where api_key_id = 'apikey_1'")
        assert "the columns do not say what" in findings(warehouse)["key_usage usage_hashes_hold"], column


def test_a_seal_over_the_directory_is_computed_as_the_documents_say(warehouse: Path, query):
    rows = query(
        "select previous_seal_sha256, source, sealed_date, activity_count, day_sha256, removal_sha256, "
        "seal_format, last_ingest_seq, last_extract_seq, extract_count, ledger_sha256, last_walk_seq, walk_count, "
        "walks_sha256, merkle_root, seal_sha256 from raw.day_seals order by seal_number"
    )
    assert [row[6] for row in rows] == [2] * 4
    assert [row[11:13] for row in rows] == [(6, 6), (6, 0), (6, 0), (6, 0)]
    for *texts, seal in rows:
        joined = "\n".join("" if text is None else str(text) for text in texts)
        assert hashlib.sha256(joined.encode()).hexdigest() == seal


def test_seals_from_before_the_directory_stay_valid_and_the_next_one_covers_it(path: Path, query):
    build(path)
    with open_warehouse(path) as connection:
        seal_days(connection)
    walks(path)
    with open_warehouse(path) as connection:
        land_slice(connection, record("late", FIRST_DAY + HOUR))
        land_slice(connection, start=FIRST_DAY + DAYS * timedelta(days=1), source="other")
        seal_days(connection)
        seal_file.export(connection, path.with_name("seals.txt"))
    assert query("select walk_count from raw.day_seals order by seal_number") == [(0,)] * 4 + [(6,)]
    assert findings(path, against=True) == {}
    tamper(path, "delete from raw.directory_walks where walk_seq = 6; delete from raw.key_usage")
    assert findings(path).keys() == {"directory_walks sealed_walks_hold"}


def test_walks_of_a_source_are_under_its_own_seals(path: Path, query):
    build(path)
    build(path, source="other")
    with open_warehouse(path) as connection:
        observe(connection, "groups", {"group_1": {"id": "group_1"}}, FIRST_DAY, source="other")
        seal_days(connection)
    assert query("select distinct source, sum(walk_count) from raw.day_seals group by source order by 1") == [
        ("other", 1),
        ("test", 0),
    ]
    assert findings(path) == {}


def test_walks_without_a_number_get_one_before_they_are_sealed(path: Path, query):
    build(path)
    walks(path)
    tamper(path, "update raw.directory_walks set walk_seq = null")
    assert findings(path) == {}
    assert "Not yet sealed: 6 directory walk(s)." in list(found(path).describe())
    with open_warehouse(path) as connection:
        seal_days(connection)
    assert query("select walk_id from raw.directory_walks order by walk_seq") == query(
        "select walk_id from raw.directory_walks order by started_at, walk_id"
    )
    assert query("select max(walk_seq) from raw.directory_walks") == [(6,)]
    assert findings(path) == {}


def test_failed_and_refused_walks_say_nothing(path: Path):
    build(path)
    with open_warehouse(path) as connection:
        observe(connection, "members", members("user_a"), FIRST_DAY, parent_id=ORG)
        for status in ("failed", "refused"):
            connection.execute(
                "insert into raw.directory_walks select * replace (? as walk_id, ? as status, walk_seq + 1 as "
                "walk_seq, 0 as new_count, 1 as gone_count, 'x' as content_sha256) from raw.directory_walks "
                "order by walk_seq desc limit 1",
                [status, status],
            )
        observe(connection, "members", members("user_a"), FIRST_DAY + HOUR, parent_id=ORG)
        seal_days(connection)
    assert findings(path) == {}


def test_findings_are_the_same_however_finely_the_walks_are_cut(warehouse: Path, monkeypatch: pytest.MonkeyPatch):
    tamper(warehouse, "update raw.directory_walks set content_sha256 = 'x' where walk_seq in (1, 4, 7)")
    whole = [(one.checked_count, one.finding_count, one.first) for one in found(warehouse).outcomes]
    monkeypatch.setattr("orchestration.verification.verify._PART_ROWS", 1)
    assert [(one.checked_count, one.finding_count, one.first) for one in found(warehouse).outcomes] == whole


def test_exported_seals_have_the_walks_and_are_checked(warehouse: Path):
    assert findings(warehouse, against=True) == {}
    file = warehouse.with_name("seals.txt")
    text = file.read_text()
    assert {len(line.split("\t")) for line in text.splitlines() if line.startswith("test")} == {20}
    tamper(warehouse, "delete from raw.day_seals where seal_number = 4")
    assert findings(warehouse, against=True).keys() == {"day_seals kept_seals_are_there"}


def test_no_sentence_on_an_item_has_its_payload(warehouse: Path):
    tamper(warehouse, "update raw.directory_items set payload = replace(payload, 'a@', 'x@') where is_present")
    assert "@" not in str(findings(warehouse))
