"""A directory of a large organization, for measurements."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from local_feed.directory.state import Directory
from local_feed.directory.usage import Usage, UsageRow
from local_feed.history.cast import Organization
from local_feed.history.ids import number, opaque

_FIRST_DAY = datetime(2024, 1, 1, tzinfo=UTC)
MEMBERS, GROUPS, ROLES, WORKSPACES, KEYS = 5_000, 200, 20, 100, 2_000


def big_directory(organizations: Sequence[Organization]) -> Directory:
    """A directory with members, groups and roles in the first organization, workspaces and keys in the last.

    Every group has about 25 members and one role, every role 5 permissions, every workspace about 20 members.
    """
    enterprise, console = organizations[0], organizations[-1]
    directory = Directory(Usage(lambda organization, day: _usage(organization, day, console.uuid)))
    for n, organization in enumerate({one.uuid: one for one in organizations}.values()):
        directory.add("organizations", uuid=organization.uuid, name=organization.name, created_at=_time(n))
    people = [opaque("user", "big", n) for n in range(MEMBERS)]
    for n, user_id in enumerate(people):
        who = {"email": f"person{n}@big.example", "name": f"Person {n}", "added_at": _time(n)}
        directory.add_member(enterprise.uuid, user_id, role="admin" if n % 50 == 0 else "user", **who)
        if n % 10 == 0 and console.uuid != enterprise.uuid:
            directory.add_member(console.uuid, user_id, role="developer", **who)
    _roles_and_groups(directory, enterprise.uuid, people)
    _workspaces_and_keys(directory, console.uuid, people[::10])
    return directory


def _roles_and_groups(directory: Directory, enterprise: str, people: list[str]) -> None:
    for n in range(ROLES):
        role = directory.add("roles", enterprise, id=opaque("rbac_role", "big", n), name=f"Role {n}")
        for action in ("create", "delete", "list", "read", "update"):
            directory.add("role_permissions", role, action=action, resource_type=f"resource_{n}")
    for n in range(GROUPS):
        held = [opaque("rbac_role", "big", n % ROLES)]
        group = directory.add("groups", id=opaque("rbac_group", "big", n), name=f"Group {n}", roles=held)
        for step in range(25):
            at = (n * 25 + step) % len(people)
            directory.add("group_members", group, user_id=people[at], email=f"person{at}@big.example")


def _workspaces_and_keys(directory: Directory, console: str, people: list[str]) -> None:
    places = [
        directory.add(
            "workspaces", console, id=opaque("wrkspc", "big", n), name=f"Workspace {n}", created_at=_time(n)
        )
        for n in range(WORKSPACES)
    ]
    for n, workspace in enumerate(places):
        for step in range(20):
            directory.add("workspace_members", workspace, user_id=people[(n * 20 + step) % len(people)])
    for n in range(KEYS):
        workspace = places[n % WORKSPACES]
        directory.add(
            "api_keys",
            console,
            id=opaque("apikey", "big", n),
            name=f"key {n}",
            status=("active", "active", "inactive", "archived")[n % 4],
            created_at=_time(n),
            created_by={"id": people[n % len(people)], "type": "user"},
            workspace_id=workspace,
            scope={"type": "workspace", "workspace_id": workspace},
        )


def _usage(organization: str, day: date, console: str) -> list[UsageRow]:
    if organization != console:
        return []
    return [
        UsageRow(
            opaque("apikey", "big", n), uncached_input_tokens=number(10**6, "big", n, day), output_tokens=1000
        )
        for n in range(0, KEYS, 4)
    ]


def _time(n: int) -> str:
    return f"{_FIRST_DAY + timedelta(hours=n):%Y-%m-%dT%H:%M:%SZ}"
