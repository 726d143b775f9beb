"""Who can do what and why: by the role in an organization or workspace, by groups, and directly."""

import json
import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Query
from tests.dbt_project.walks import Walk, built_in_parts

ONE, TWO = "44444444-0000-4000-8000-000000000001", "44444444-0000-4000-8000-000000000002"
ACTOR = {"type": "user_actor", "user_id": "user_admin", "email_address": "admin@example.com"}


def event(number: int, organization: str, kind: str, **fields: Any) -> bytes:
    record = {
        "id": f"activity_access_{number:03d}", "created_at": f"2026-05-01T10:{number:02d}:00Z",
        "organization_id": f"org_{organization}", "organization_uuid": organization, "actor": ACTOR,
        "type": kind, **fields,
    }  # fmt: skip
    return json.dumps(record).encode()


def joins(number: int, organization: str, user: str, role: str) -> bytes:
    return event(number, organization, "claude_user_role_updated", user_id=user,
                 user_email=f"{user}@example.com", previous_role=None, current_role=role)  # fmt: skip


RECORDS = [
    joins(1, ONE, "user_a", "admin"),
    joins(2, TWO, "user_b", "user"),
    event(3, ONE, "group_member_added", group_id="g1", member_ids=["user_a", "user_b"]),
    event(4, TWO, "group_member_added", group_id="g2", member_ids=["user_b"]),
    event(5, ONE, "rbac_role_assigned", role_id="r1", principal_type="user", principal_id="user_a"),
    event(6, TWO, "rbac_role_assigned", role_id="r4", principal_type="user", principal_id="user_b"),
    event(7, ONE, "platform_workspace_member_added", workspace_id="w1", user_id="user_a"),
    event(
        10,
        ONE,
        "role_assignment_granted",
        resource_type="rbac_role",
        resource_id="r1",
        role="editor",
        target_id="user_c",
        target_type="user",
    ),
    # A role that was taken from a group after the walk that shows it, and one that was given after it.
    event(8, TWO, "rbac_role_assigned", role_id="r5", principal_type="group", principal_id="g2"),
    event(9, TWO, "rbac_role_assigned", role_id="r3", principal_type="group", principal_id="g2"),
    event(40, TWO, "rbac_role_unassigned", role_id="r5", principal_type="group", principal_id="g2"),
    event(41, TWO, "rbac_role_assigned", role_id="r6", principal_type="group", principal_id="g2"),
]
G2 = {"id": "g2", "name": "Readers", "roles": ["r3", "r5"]}


def permission(action: str) -> dict[str, Any]:
    return {"action": action, "resource_type": "project", "resource_id": "*"}


def role(name: str) -> dict[str, Any]:
    return {"id": name, "name": f"Role {name}"}


PERMISSIONS = {f"{action}|project|*": permission(action) for action in ("read", "write")}
WALKS = [
    Walk("groups", None, datetime(2026, 5, 1, 10, 20),
         {"g1": {"id": "g1", "name": "Makers", "roles": ["r1", "r2"]}, "g2": G2}),
    Walk("roles", ONE, datetime(2026, 5, 1, 10, 20), {"r1": role("r1"), "r2": role("r2")}),
    Walk("roles", TWO, datetime(2026, 5, 1, 10, 20), {name: role(name) for name in ("r3", "r5", "r6")}),
    Walk("role_permissions", "r1", datetime(2026, 5, 1, 10, 20), PERMISSIONS),
    Walk("role_permissions", "r2", datetime(2026, 5, 1, 10, 20), PERMISSIONS),
    Walk("workspaces", ONE, datetime(2026, 5, 1, 10, 20), {"w1": {"id": "w1", "name": "Lab"}}),
    # The roles of a group that are not known now stay; a role that left its list gives nothing.
    Walk("groups", None, datetime(2026, 5, 1, 10, 30),
         {"g1": {"id": "g1", "name": "Makers", "roles": None}, "g2": G2}),
    Walk("roles", ONE, datetime(2026, 5, 1, 10, 30), {"r1": role("r1")}),
]  # fmt: skip


@pytest.fixture(scope="module", params=["whole", "shuffled"])
def access(
    request: pytest.FixtureRequest, curated: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Query]:
    path = Path(shutil.copy(curated, tmp_path_factory.mktemp("access")))
    parts = {"whole": [(RECORDS, WALKS)],
             "shuffled": [([], WALKS), (RECORDS[::-2], []), (RECORDS[-2::-2], [])]}  # fmt: skip
    with built_in_parts(path, parts[request.param], "+effective_access") as query:
        yield query


def paths(access: Query, user: str, path: str, columns: str) -> list[tuple[Any, ...]]:
    return access(
        f"select {columns} from marts.effective_access where user_id = $1 and path = $2 order by all", user, path
    )


def test_a_group_gives_each_permission_of_its_roles_in_the_roles_organization(access: Query):
    columns = "organization_uuid, group_name, role_id, role_name, action, resource_type, resource_id"
    assert paths(access, "user_a", "group", columns) == [
        (ONE, "Makers", "r1", "Role r1", "read", "project", "*"),
        (ONE, "Makers", "r1", "Role r1", "write", "project", "*"),
    ]
    # Of the first group too, but no member of the organization that its role is of.
    assert paths(access, "user_b", "group", columns) == [
        (TWO, "Readers", "r3", "Role r3", None, None, None),
        (TWO, "Readers", "r6", "Role r6", None, None, None),
    ]


def test_direct_roles_and_roles_of_memberships_are_paths_too(access: Query):
    columns = "organization_uuid, role_id, role_name, workspace_id, workspace_name, action"
    assert paths(access, "user_a", "direct", columns) == [
        (ONE, "r1", "Role r1", None, None, "read"), (ONE, "r1", "Role r1", None, None, "write"),
    ]  # fmt: skip
    assert paths(access, "user_b", "direct", columns) == [(TWO, "r4", None, None, None, None)]
    assert paths(access, "user_a", "workspace", columns) == [(ONE, None, None, "w1", "Lab", None)]
    assert paths(access, "user_a", "organization_role", columns) == [(ONE, None, "admin", None, None, None)]


def test_a_role_on_a_resource_has_the_resource_that_the_record_states(access: Query):
    found = paths(access, "user_c", "direct", "organization_uuid, role_name, resource_type, resource_id")
    assert found == [(ONE, "editor", "rbac_role", "r1")]
