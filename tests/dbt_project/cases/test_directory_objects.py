"""What the directory held when, by complete walks, built in one go and in shuffled increments."""

import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from tests.conftest import Query
from tests.dbt_project.walks import Items, Walk, built_in_parts


def named(*names: str) -> Items:
    return {name: {"id": name, "name": name.upper()} for name in names}


def day(number: int) -> datetime:
    return datetime(2026, 5, number, 10)


ONE, TWO = "11111111-0000-4000-8000-000000000001", "22222222-0000-4000-8000-000000000002"
OTHER = "33333333-0000-4000-8000-000000000003"
ORGANIZATIONS = {one: {"uuid": one, "name": "Acme"} for one in (ONE, TWO)}
WALKS = [
    # A role that changes its name, goes and comes again; walks that failed or were refused say nothing.
    Walk("roles", ONE, day(1), named("r1", "r2")),
    Walk("roles", ONE, day(2), {}, status="refused"),
    Walk("roles", ONE, day(3), {**named("r1"), "r2": {"id": "r2", "name": "New"}}),
    Walk("roles", ONE, day(4), {}, status="failed"),
    Walk("roles", ONE, day(5), named("r1")),
    Walk("roles", ONE, day(6), named("r1", "r2")),
    # A group that leaves its list and comes again, and its members.
    Walk("groups", None, day(1), named("g1", "g2")),
    Walk("group_members", "g1", day(1), {"u1": {"user_id": "u1"}, "u2": {"user_id": "u2"}}),
    Walk("groups", None, day(3), named("g2")),
    Walk("groups", None, day(5), named("g1", "g2")),
    Walk("group_members", "g1", day(5), {"u1": {"user_id": "u1"}}),
    # An organization that leaves its list, with the roles, their permissions and the members of workspaces.
    Walk("organizations", None, day(1), ORGANIZATIONS),
    Walk("roles", TWO, day(1), named("s1")),
    Walk("role_permissions", "s1", day(1), {"read|project|": {"action": "read"}}),
    Walk("workspaces", TWO, day(1), named("w1")),
    Walk("workspace_members", "w1", day(1), {"u9": {"user_id": "u9"}}),
    Walk("organizations", None, day(4), {ONE: ORGANIZATIONS[ONE]}),
    # A key of one organization lists that one alone.
    *(Walk("organizations", None, day(n), {ONE: ORGANIZATIONS[ONE]}, source="own") for n in (2, 3, 5)),
    # Two sources that read one list: the newest walk counts, and a change that both see is one.
    Walk("compliance_keys", None, day(1), named("k1"), source="first"),
    Walk("compliance_keys", None, day(2), named("k1", "k2"), source="second"),
    Walk("compliance_keys", None, day(3), named("k1", "k2"), source="first"),
    Walk("compliance_keys", None, day(4), named("k2"), source="first"),
    Walk("compliance_keys", None, day(5), named("k2"), source="second"),
    # Another parent, read by turns with the first one's: neither list says anything of the other.
    *(
        Walk(list_name, None, day(number).replace(hour=hour), items, source=source)
        for list_name, items in {
            "organizations": {OTHER: {"uuid": OTHER, "name": "Other"}},
            "groups": named("h1"),
            "compliance_keys": named("x1"),
        }.items()
        # Two keys read it, of which one comes later and lists the same.
        for number, hour, source in ((1, 11, "other"), (2, 11, "other"), (3, 11, "other too"), (5, 11, "other"))
    ),
    # A source shows what the one that reads the list after it never does.
    Walk("roles", OTHER, day(1), named("q1", "q2"), source="other"),
    Walk("role_permissions", "q1", day(1), {"read|chat|": {"action": "read"}}, source="other"),
    Walk("role_permissions", "q2", day(1), {"read|chat|": {"action": "read"}}, source="other"),
    Walk("roles", OTHER, day(3), named("q2"), source="other too"),
    Walk("workspaces", OTHER, day(1), named("v1", "v2"), source="other"),
    Walk("workspace_members", "v1", day(1), {"u8": {"user_id": "u8"}}, source="other"),
    Walk("workspaces", OTHER, day(3), named("v2"), source="other too"),
]


@pytest.fixture(scope="module", params=["whole", "shuffled"])
def objects(
    request: pytest.FixtureRequest, curated: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Query]:
    path = Path(shutil.copy(curated, tmp_path_factory.mktemp("objects")))
    order = sorted(WALKS, key=lambda walk: walk.started_at)
    if request.param == "shuffled":
        # Lists in another order; within a list, the order of time decides what is a change.
        order.sort(key=lambda walk: walk.list_name, reverse=True)
    size = len(order) if request.param == "whole" else 20
    parts = [([], order[first : first + size]) for first in range(0, len(order), size)]
    with built_in_parts(path, parts, "+directory_objects") as query:
        yield query


def presences(objects: Query, object_type: str) -> list[tuple[str, str, int, int | None]]:
    return objects(
        "select object_id, name, day(valid_from), day(valid_to) from marts.directory_objects "
        "where object_type = $1 order by object_id, valid_from",
        object_type,
    )


def test_only_complete_walks_say_what_is_there(objects: Query):
    found = [row for row in presences(objects, "role") if row[0].startswith("r")]
    assert found == [("r1", "R1", 1, None), ("r2", "R2", 1, 3), ("r2", "New", 3, 5), ("r2", "R2", 6, None)]


def test_members_of_a_group_that_left_its_list_end_with_it(objects: Query):
    found = [row for row in presences(objects, "group") if row[0] != "h1"]
    assert found == [("g1", "G1", 1, 3), ("g1", "G1", 5, None), ("g2", "G2", 1, None)]
    assert presences(objects, "group_member") == [("u1", None, 1, 3), ("u1", None, 5, None), ("u2", None, 1, 3)]


def test_everything_below_an_organization_that_left_its_list_ends_with_it(objects: Query):
    found = objects(
        "select distinct object_type, day(valid_to), is_current from marts.directory_objects "
        "where organization_uuid = $1 order by 1",
        TWO,
    )
    kinds = ["organization", "role", "role_permission", "workspace", "workspace_member"]
    assert found == [(kind, 4, False) for kind in kinds]


def test_a_list_that_two_sources_read_is_one_list(objects: Query):
    found = [row for row in presences(objects, "compliance_key") if row[0] != "x1"]
    assert found == [("k1", "K1", 1, 4), ("k2", "K2", 2, None)]
    assert objects(
        "select distinct organization_uuid from marts.directory_objects where object_type like '%key'"
    ) == [(None,)]


def test_what_is_below_ends_with_an_item_that_only_another_source_showed(objects: Query):
    assert [row for row in presences(objects, "role") if row[0].startswith("q")] == [
        ("q1", "Q1", 1, 3), ("q2", "Q2", 1, None),
    ]  # fmt: skip
    assert objects(
        "select parent_id, day(valid_to) from marts.directory_objects where parent_id in ('q1', 'q2', 'v1') "
        "order by parent_id"
    ) == [("q1", 3), ("q2", None), ("v1", 3)]


def test_lists_of_two_parents_are_two_lists(objects: Query):
    assert presences(objects, "organization") == [
        (ONE, "Acme", 1, None), (TWO, "Acme", 1, 4), (OTHER, "Other", 1, None),
    ]  # fmt: skip
    assert [row for row in presences(objects, "group") if row[0] == "h1"] == [("h1", "H1", 1, None)]
    assert [row for row in presences(objects, "compliance_key") if row[0] == "x1"] == [("x1", "X1", 1, None)]
    assert objects("select count(*) from marts.directory_objects where parent_id not in "
                   "(select object_id from marts.directory_objects)") == [(0,)]  # fmt: skip
