"""Which objects and people an activity names, beside its actor."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from tests.dbt_project.builds import build_models
from tests.dbt_project.cases.conftest import HISTORIES, Query, land_records, parts_of


@pytest.fixture(scope="module", params=["whole", "increments", "shuffled"])
def named(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Query]:
    directory = tmp_path_factory.mktemp("named")
    path = directory / "warehouse.duckdb"
    records = [line for file in sorted(HISTORIES.glob("*.ndjson")) for line in file.read_bytes().splitlines()]
    for part in parts_of(records, request.param):
        land_records(path, part)
        build_models(
            path, directory / "target", "--select", "+activity_objects", "+public_shares", "+integrations"
        )
    with duckdb.connect(str(path), read_only=True) as connection:
        yield lambda sql, *values: connection.execute(sql, values).fetchall()


def of(named: Query, activity_type: str) -> set[tuple[str, str]]:
    """The types and roles of what activities of a type name."""
    return set(
        named("select object_type, role from marts.activity_objects where activity_type = $1", activity_type)
    )


def test_people_and_what_holds_them_are_objects_of_an_activity(named: Query):
    assert of(named, "primary_owner_transferred") == {("user", "target"), ("user", "previous_owner")}
    assert of(named, "group_member_added") == {("group", "container"), ("user", "target")}
    assert of(named, "platform_workspace_member_added") == {("user", "target"), ("workspace", "container")}
    assert of(named, "org_user_deleted") == {("user", "target"), ("email", "target")}


def test_each_object_of_an_activity_is_one_row(named: Query):
    assert named(
        "select activity_id, object_type, object_id from marts.activity_objects group by all having count(*) > 1"
    ) == []  # fmt: skip
    missing = named(
        """
        select a.activity_type from marts.activities as a
        where json_extract_string(a.payload, '$.user_id') is not null and not exists (
            from marts.activity_objects as o
            where o.activity_id = a.activity_id and o.object_type = 'user'
            and o.object_id = json_extract_string(a.payload, '$.user_id')
        )
        """
    )
    assert missing == []
