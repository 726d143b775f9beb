"""Removals and the directory: what names a person goes, its id too, and every walk still has the hash it had."""

import random
import shutil
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from orchestration.evidence import seal_file
from orchestration.evidence.seals import seal_days
from orchestration.privacy.erasure import RemovalRequest, erase, retain
from orchestration.privacy.selection import preview_erasure, preview_retention
from orchestration.privacy.subject_report import write_report
from orchestration.publish.marts import Catalog
from orchestration.verification.verify import verify
from orchestration.warehouse.connection import open_warehouse
from orchestration.warehouse.errors import WarehouseError
from tests.histories import DAYS, FIRST_DAY, build, land_slice
from tests.observed import observe, observe_usage
from tests.privacy.people import ADA, BOB, EMAIL, know_users

ORG = "org-1"
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
REQUEST = RemovalRequest("privacy office", "request 17")

# In byte order Ada's id is the first, in the middle, and beside the next person to go.
USERS = ("user_aaa", ADA, "user_ada02", BOB)


def member(user_id: str, role: str = "user") -> dict:
    return {"id": user_id, "email": EMAIL if user_id == ADA else f"{user_id}@example.com", "role": role}


def walk(path: Path, hour: int, *user_ids: str, list_name: str = "members", role: str = "user") -> None:
    with open_warehouse(path) as connection:
        members = {one: member(one, role) for one in user_ids}
        observe(connection, list_name, members, FIRST_DAY + hour * HOUR, parent_id=ORG)


def findings(path: Path, kept: Path | None = None) -> dict[str, str]:
    return {one.name: one.first for one in verify(path, seal_file.read(kept) if kept else None).findings}


def seal(path: Path) -> None:
    with open_warehouse(path) as connection:
        seal_days(connection)


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Days of activities of nobody, and a directory that names Ada: as a member, in a group, as a key's owner."""
    path = tmp_path_factory.mktemp("sealed") / "warehouse.duckdb"
    build(path)
    walk(path, 0, *USERS)
    walk(path, 1, *USERS, role="admin")
    walk(path, 2, "user_aaa", BOB, role="admin")
    walk(path, 3, *USERS, role="owner")
    with open_warehouse(path) as connection:
        group = {one: {"user_id": one, "email": member(one)["email"]} for one in (ADA, BOB)}
        observe(connection, "group_members", group, FIRST_DAY + 3 * HOUR, parent_id="group_1")
        keys = {name: {"id": name, "created_by": {"id": owner}} for name, owner in (("k1", ADA), ("k2", BOB))}
        observe(connection, "api_keys", keys, FIRST_DAY + 3 * HOUR)
        observe(connection, "api_keys", {"k1": {"id": "k1"}, "k2": keys["k2"]}, FIRST_DAY + 4 * HOUR)
        invites = {"invite_1": {"id": "invite_1", "email": EMAIL.upper()}}
        observe(connection, "invites", invites, FIRST_DAY + 4 * HOUR, parent_id=ORG)
        observe_usage(connection, {"k1": 5}, FIRST_DAY + 4 * HOUR)
    know_users(path, **{ADA: [EMAIL], BOB: [f"{BOB}@example.com"]})
    seal(path)
    with open_warehouse(path, read_only=True) as connection:
        seal_file.export(connection, path.with_name("seals.txt"))
    return path


@pytest.fixture(scope="module")
def erased(sealed: Path) -> Path:
    """A copy from which Ada was erased."""
    path = shutil.copyfile(sealed, sealed.with_name("erased.duckdb"))
    erase(path, ADA, REQUEST)
    return path


def test_who_is_erased_is_gone_from_the_directory_and_the_proofs_hold(warehouse: Path, query):
    with open_warehouse(warehouse, read_only=True) as connection:
        preview = preview_erasure(connection, ADA)
    assert preview.items == [("api_keys", 2), ("group_members", 1), ("invites", 1), ("members", 4)]
    assert "8 rows of the directory would be removed: 2 of api_keys" in "\n".join(preview.describe())
    before = query("from raw.directory_walks order by walk_seq")
    removal = erase(warehouse, ADA, REQUEST)
    assert (removal.activity_count, removal.item_count) == (0, 8)
    assert "0 day(s) and 8 row(s) of the directory removed by privacy office: request 17" in str(removal)
    assert findings(warehouse, warehouse.with_name("seals.txt")) == {}
    assert query("select distinct item_id from raw.directory_items order by 1") == [
        ("k2",), ("user_aaa",), ("user_ada02",), (BOB,),
    ]  # fmt: skip
    assert query("from raw.directory_walks order by walk_seq") == before
    assert query("select count(*) from raw.key_usage") == [(1,)]
    content = warehouse.read_bytes()
    assert not any(trace in content for trace in (ADA.encode(), EMAIL.encode(), EMAIL.upper().encode()))
    assert query("select sealed_date, reason from raw.day_seals where removal_sha256 is not null") == [
        ((FIRST_DAY + 3 * DAY).date(), "8 rows of the directory removed by privacy office: request 17 (removal 1)")
    ]


def test_who_is_still_there_is_observed_again(warehouse: Path, query):
    erase(warehouse, ADA, REQUEST)
    walk(warehouse, 5, *USERS, role="owner")
    assert query("select new_count, changed_count from raw.directory_walks order by walk_seq desc limit 1") == [
        (1, 0)
    ]
    assert findings(warehouse) == {}
    know_users(warehouse, **{ADA: [EMAIL], "user_ada02": []})
    assert erase(warehouse, ADA, REQUEST).item_count == 1
    walk(warehouse, 6, "user_aaa", BOB, role="owner")
    know_users(warehouse, **{"user_ada02": [], "user_aaa": []})
    assert erase(warehouse, "user_ada02", REQUEST).item_count == 5
    know_users(warehouse, **{"user_aaa": []})
    assert erase(warehouse, "user_aaa", REQUEST).item_count == 3
    walk(warehouse, 7, role="owner")
    seal(warehouse)
    assert findings(warehouse) == {}
    assert query("select count(*) from raw.directory_items where list_name = 'members'") == [(4,)]


def test_a_directory_that_nobody_is_named_in_stays(warehouse: Path, query):
    know_users(warehouse, user_eve01=[])
    before = query("from raw.directory_items order by ingest_seq")
    assert erase(warehouse, "user_eve01", REQUEST) is None
    assert query("from raw.directory_items order by ingest_seq") == before


def test_who_is_known_by_the_directory_alone_is_a_person(warehouse: Path):
    know_users(warehouse)
    assert erase(warehouse, "user_ada02", REQUEST).item_count == 4


@pytest.mark.parametrize(
    ("statement", "check", "words"),
    [
        ("delete from raw.removed_items where item_sha256 = sha256('k1')", "removals_hold", "what it left is not"),
        ("update raw.removed_items set payload_sha256 = sha256('x')", "contents_match_the_ledger", "received was"),
        ("update raw.removed_items set follows_rank = 7", "removals_hold", "what it left is not as recorded"),
        ("update raw.removals set last_walk_seq = 1", "removals_hold", "its row is not as recorded"),
        ("update raw.directory_items set payload_sha256 = sha256('x'), payload = 'x' where item_id = 'user_aaa'",
         "contents_match_the_ledger", "received was"),
        ("delete from raw.removals; update raw.day_seals set removal_sha256 = null", "removals_hold",
         "removal 1: no seal of test records"),
        ("delete from raw.day_seals where removal_sha256 is not null", "removals_hold",
         "removal 1: no seal of test records what it took of the directory"),
    ],
)  # fmt: skip
def test_what_was_done_to_the_traces_is_found(erased: Path, path: Path, statement: str, check: str, words: str):
    shutil.copyfile(erased, path)
    with duckdb.connect(str(path)) as connection:
        connection.execute(statement)
    assert words in findings(path)[check]


def test_the_first_seal_of_a_source_records_an_earlier_removal(path: Path, query):
    with open_warehouse(path) as connection:
        observe(connection, "groups", {"g": {"id": "g", "name": EMAIL}}, FIRST_DAY)
    know_users(path, **{ADA: [EMAIL]})
    assert erase(path, ADA, REQUEST).item_count == 1
    assert findings(path) == {}
    build(path)
    seal(path)
    assert findings(path) == {}
    assert query("select sealed_date, reason from raw.day_seals where removal_sha256 is not null") == [
        (FIRST_DAY.date(), "rows of the directory had been removed")
    ]


def test_nothing_is_removed_from_a_directory_that_does_not_hold(warehouse: Path):
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("delete from raw.directory_items where item_id = 'k2'")
    with pytest.raises(WarehouseError, match="does not verify, so nothing was removed"):
        erase(warehouse, ADA, REQUEST)


def test_retention_takes_what_was_over_before_the_first_kept_day(warehouse: Path, query):
    """The roles of before, and who had left; what was true on the first kept day stays, however old."""
    walk(warehouse, 23, "user_aaa", ADA, BOB, role="owner")
    walk(warehouse, 49, "user_aaa", BOB, role="admin")
    before = (FIRST_DAY + DAY).date()
    with open_warehouse(warehouse, read_only=True) as connection:
        assert preview_retention(connection, before).items == [("api_keys", 1), ("members", 12)]
    assert retain(warehouse, before, REQUEST).item_count == 13
    assert findings(warehouse, warehouse.with_name("seals.txt")) == {}
    left = query(
        "select item_id, is_present, payload ->> '$.role' from raw.directory_items "
        "where list_name = 'members' order by ingest_seq"
    )
    assert left == [
        ("user_aaa", True, "owner"), (ADA, True, "owner"), (BOB, True, "owner"),
        ("user_aaa", True, "admin"), (BOB, True, "admin"), (ADA, False, None),
    ]  # fmt: skip
    assert retain(warehouse, before, REQUEST) is None
    know_users(warehouse, **{ADA: [EMAIL]})
    assert erase(warehouse, ADA, REQUEST).item_count == 4, "of a key that named her once, that went before"
    seal(warehouse)
    assert findings(warehouse) == {}


def test_the_proofs_hold_in_whatever_order_walks_and_removals_come(path: Path, query):
    chance = random.Random(1)
    people = [f"user_{n:02}" for n in range(9)]
    build(path)
    land_slice_of = FIRST_DAY + DAYS * DAY
    for hour in range(10):
        for _ in range(3):
            present = [one for one in people if chance.random() < 0.7]
            walk(path, 8 * hour, *present, role=chance.choice(("user", "admin")))
        know_users(path, **{one: [] for one in people})
        action = chance.random()
        if action < 0.4:
            one = chance.choice(people)
            erase(path, one, REQUEST)
            assert query("select count(*) from raw.directory_items where item_id = ?", one) == [(0,)]
        elif action < 0.6:
            retain(path, (FIRST_DAY + hour // 3 * DAY).date(), REQUEST)
        elif action < 0.7:
            with open_warehouse(path) as connection:
                land_slice(connection, start=land_slice_of)
            seal(path)
            land_slice_of += DAY
    assert findings(path) == {}
    assert query("select count(*) > 10 from raw.removed_items") == [(True,)]


def test_a_report_has_every_content_of_the_items_that_name_the_person(warehouse: Path, tmp_path: Path, query):
    report = write_report(warehouse, Catalog((), "x"), EMAIL, tmp_path)
    written = (report.directory / "directory.jsonl").read_text().splitlines()
    assert report.counts["directory.jsonl"] == len(written) == 7
    items = "item_id = $1 or list_name = 'invites' or item_id = 'k1'"
    assert written == [
        payload
        for (payload,) in query(
            f"select payload from raw.directory_items where is_present and ({items}) order by ingest_seq", ADA
        )
    ]
    assert "`directory.jsonl`" in (report.directory / "README.md").read_text()
    know_users(warehouse, user_eve01=[])
    assert "directory.jsonl" not in write_report(warehouse, Catalog((), "x"), "user_eve01", tmp_path).counts
