"""Whom a removal is about: a person is found whole, and nobody else."""

from pathlib import Path

import duckdb
import pytest

from orchestration.privacy.erasure import RemovalRequest, erase
from orchestration.privacy.mentions import NAMED
from orchestration.privacy.selection import preview_erasure
from orchestration.privacy.subject import Subject
from orchestration.warehouse.connection import open_warehouse
from orchestration.warehouse.errors import WarehouseError
from tests.histories import FIRST_DAY, record
from tests.privacy.people import ADA, BOB, EMAIL, ORDER, again, by, know_users


def test_an_address_that_two_have_had_is_of_neither(warehouse: Path, query):
    know_users(warehouse, **{ADA: [EMAIL, "desk@example.com"], BOB: ["desk@example.com"]})
    again(warehouse, record("desk", FIRST_DAY, note="desk@example.com"))
    with pytest.raises(WarehouseError, match=f"2 users have had this address: {ADA}, {BOB}"):
        erase(warehouse, "desk@example.com", ORDER)
    assert erase(warehouse, ADA, ORDER).activity_count == 3
    assert query("select count(*) from raw.activities where activity_id = 'desk'") == [(1,)]


@pytest.mark.parametrize("subject", ["", "%", "' or 1=1 --", "user_nobody", "a b@c", "../../etc"])
def test_who_is_nobody_is_refused(warehouse: Path, subject: str):
    with pytest.raises(WarehouseError, match=r"no user|neither a user id"):
        erase(warehouse, subject, ORDER)


@pytest.mark.parametrize(
    ("subject", "fields"),
    [
        ("user_eve01", {"requester_user_id": "user_eve01"}),
        ("user_eve01", {"member_ids": [BOB, "user_eve01"]}),
        ("user_eve01", {"updates": [{"current_value": {"anything": ["user_eve01"]}}]}),
        ("user_eve01", {"note": "asked for by user_eve01."}),
        ("0b5e7c1a-eve", {"account_id": "0b5e7c1a-eve"}),
        ("0b5e7c1a-eve", {"updates": [{"new_owner_id": "x", "invitee_user_ids": ["a", "0b5e7c1a-eve"]}]}),
    ],
)
def test_who_stands_in_a_field_alone_is_a_person(warehouse: Path, subject: str, fields: dict):
    """Somebody who never acted and was never a member is not in `marts.users`, and is named all the same."""
    again(warehouse, record("named_in_a_field", FIRST_DAY, **by(BOB), **fields))
    with open_warehouse(warehouse, read_only=True) as connection:
        assert preview_erasure(connection, subject).activity_count == 1


def test_who_stands_in_a_field_alone_is_erased_alone(warehouse: Path, query):
    again(warehouse, record("named_in_a_field", FIRST_DAY, **by(BOB), requester_user_id="user_eve01"))
    assert erase(warehouse, "user_eve01", ORDER).activity_count == 1
    assert query("select count(*) from raw.activities where activity_id = 'named_in_a_field'") == [(0,)]
    assert query("select count(*) from raw.activities where activity_id = 'bob'") == [(1,)]


def test_a_word_that_records_have_is_nobody(warehouse: Path):
    """`member` is a role and `team_7` a group: an erasure of them would take what is about everybody."""
    fields = {"role": "member", "group_id": "team_7", "service_account_id": "robot_7", "principal_id": "team_7"}
    again(warehouse, record("other", FIRST_DAY, **by(BOB), **fields))
    for subject in ("member", "team_7", "robot_7", "user_ada"):
        with pytest.raises(WarehouseError, match="no user with this id"):
            erase(warehouse, subject, ORDER)


def test_an_address_that_nobody_used_removes_nothing(warehouse: Path, query):
    before = query("select count(*) from raw.day_seals")
    assert erase(warehouse, "nobody@example.com", ORDER) is None
    assert query("select count(*) from raw.day_seals") == before


@pytest.mark.parametrize(
    "stated", [("", "x"), ("x", " "), ("ada@example.com", "x"), ("x", "a\tb"), ("x", "y" * 201)]
)
def test_a_request_that_cannot_be_kept_is_refused(stated: tuple[str, str]):
    with pytest.raises(WarehouseError, match=r"State|kept for good"):
        RemovalRequest(*stated)


@pytest.mark.parametrize(
    ("text", "is_named"),
    [
        (r'{"a":"LENA.O\u0027Brien\u0040x.example"}', True),
        ('{"a":"mailto:lena.o\'brien@x.example."}', True),
        (r'{"a":"to\nlena.o' + "'brien@x.example" + r'\n"}', True),
        ('{"lena.o\'brien@x.example":1}', True),
        ('{"a":"\'brien@y.example\'"}', True),
        ('{"a":"JÜRGEN😀@x.example"}', True),
        (r'{"a":"j\u00fcrgen\uD83D\ude00@x.example"}', True),
        ('{"a":"/users/user_AbC1/"}', True),
        ('{"a":"alena.o\'brien@x.example"}', False),
        ('{"a":"lena.o\'brien@x.example.au"}', False),
        ('{"a":"o\'brien@y.example"}', False),
        ('{"a":"USER_abc1"}', True),
        ('{"a":"https://x.example/invite?to=lena.o%27Brien%40x.example&s=1"}', True),
        ('{"a":"next=%252F%253Fto%253Dbrien%2540y.example"}', True),
        ('{"a":"to=a+brien@y.example&b"}', True),
        ('{"a":"_brien@y.example_ and **brien@y.example**"}', True),
        ('{"a":"__brien@y.example__"}', True),
        ('{"a":"brien@y.example--she"}', True),
        ('{"a":"she--brien@y.example"}', True),
        ('{"a":"-brien@y.example"}', True),
        ('{"a":"it was...brien@y.example..."}', True),
        ('{"a":"brien@y.example_backup.zip"}', True),
        ('{"a":"BRIEN@Y.EXAMPLE"}', True),
        (r'{"a":"\u0062rien\u0040y.example"}', True),
        (r'{"a":"{\"b\":\"\nbrien\\u0040y.example\"}"}', True),
        ('{"a":"brien&#64;y.example &lt;"}', True),
        ('{"a":"<brien@y.example>,"}', True),
        ('{"a":"user_AbC1-laptop"}', True),
        ('{"a":"my-user_AbC1_backup.zip"}', True),
        ('{"a":"user%5FAbC1"}', True),
        ('{"a":"ju\u0308rgen😀@x.example"}', True),
        (r'{"a":"a=1\u0026to=brien\u0026#64;y.example"}', True),
        (r'{"a":"brien\u0026commat;y.example"}', True),
        ('{"a":"brien%26%2364%3By.example and brien%26commat%3by.example"}', True),
        (r'{"a":"brien%5Cu0040y.example"}', True),
        ('{"a":"brien&percnt;40y.example"}', True),
        ('{"a":"brien%25252525252540y.example"}', True),
        ('{"a":"brien\uff20y\uff0eexample"}', True),
        (r'{"a":"brien\uff20y.example"}', True),
        ('{"a":"brien@y\u3002example"}', True),
        ('{"a":"bri\u00aden\u200b@y.example"}', True),
        ('{"a":"she\u200bbrien@y.example"}', True),
        ('{"a":"bri%E2%80%8Ben@y.example or bri&shy;en@y.example"}', True),
        (r'{"a":"\"brien\"@y.example"}', True),
        ('{"a":"%22brien%22@y.example"}', True),
        ('{"a":"lena@xn--mnchen-3ya.example"}', True),
        ('{"a":"LENA@MÜNCHEN.example"}', True),
        ('{"a":"bob@xn--bcher-kva.example"}', True),
        ('{"a":"bob@bücher.example"}', True),
        ('{"a":"alena%26%2364%3By.example"}', False),
        ('{"a":"xuser_AbC1"}', False),
        ('{"a":"john.brien@y.example"}', False),
        ('{"a":"john_brien@y.example"}', False),
        ('{"a":"john-brien@y.example"}', False),
        ('{"a":"brien+news@y.example"}', False),
        ('{"a":"brien@y.example-corp.example"}', False),
        ('{"a":"brien%40y.example.au"}', False),
        ('{"a":"user_AbC12"}', False),
        ('{"a":"lenaXo\'brien@x.example"}', False),
    ],
)
def test_a_person_is_found_as_a_whole_word_however_json_writes_it(text: str, is_named: bool):
    addresses = ("lena.o'brien@x.example", "brien@y.example", "jürgen😀@x.example", "lena@münchen.example")
    person = Subject(("user_AbC1",), (*addresses, "bob@xn--bcher-kva.example"))
    [(scanned,)] = duckdb.execute("select regexp_matches($1, $2)", [text, person.mentions.scan]).fetchall()
    assert (scanned and person.mentions.find(text) == NAMED) is is_named


def test_a_longer_word_that_contains_a_name_is_shown_and_stays(warehouse: Path, query):
    words = {
        "plus": "ada+news@example.com",
        "longer": "john.ada@example.com",
        "domain": f"{EMAIL}.au",
        "id": f"{ADA}2",
    }
    again(warehouse, *(record(name, FIRST_DAY, **by(BOB), note=word) for name, word in words.items()))
    with open_warehouse(warehouse, read_only=True) as connection:
        preview = preview_erasure(connection, EMAIL)
    assert sorted(preview.near_misses) == sorted((word, name, 1) for name, word in words.items())
    assert preview.activity_count == erase(warehouse, EMAIL, ORDER).activity_count == 3
    assert query(
        "select count(*) from raw.activities where activity_id in ('plus', 'longer', 'domain', 'id')"
    ) == [(4,)]
    know_users(warehouse)
    assert erase(warehouse, words["plus"], ORDER).activity_count == 1, "named by itself, it goes"


def test_an_id_in_other_capitals_is_the_same_person_unless_another_has_it(warehouse: Path):
    again(warehouse, record("capitals", FIRST_DAY, **by(BOB), note=ADA.upper()))
    with open_warehouse(warehouse, read_only=True) as connection:
        assert preview_erasure(connection, ADA).activity_count == 4
    know_users(warehouse, **{ADA: [EMAIL], ADA.upper(): []})
    assert erase(warehouse, ADA, ORDER).activity_count == 3
