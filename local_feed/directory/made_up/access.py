"""Custom roles, groups and workspaces with their members, as the events of a history leave them."""

from local_feed.directory.made_up.people import in_order, long_before
from local_feed.directory.state import Directory
from local_feed.history.chronicle import FOREVER, Chronicle, Event
from local_feed.history.ids import opaque
from local_feed.instants import to_text

PERMISSIONS = {
    "Auditor": [("read", "chat", "*"), ("read", "project", "*")],
    "{{ 7 * 7 }} {% raw %}": [("update", "project", "*"), ("read", "chat", "*")],
    "Key administrators": [("create", "api_key", "*"), ("delete", "api_key", "*"), ("read", "api_key", "*")],
}
"""Permissions of roles by name; other roles have none."""


def fill(directory: Directory, c: Chronicle) -> None:
    """Add roles, groups and workspaces."""
    _roles(directory, c)
    _groups(directory, c)
    _workspaces(directory, c)


def _without_zone(micros: int) -> str:
    return to_text(micros).removesuffix("Z")


def _roles(directory: Directory, c: Chronicle) -> None:
    meridian = c.cast.meridian.uuid
    for event in in_order(c, "rbac_role_created", "rbac_role_deleted"):
        role_id = str(event.fields["role_id"])
        if event.kind == "rbac_role_deleted":
            if directory.get("roles", role_id, meridian) is not None:
                directory.remove("roles", role_id, meridian)
            continue
        name, at = str(event.fields.get("role_name") or ""), _without_zone(event.at)
        directory.add("roles", meridian, id=role_id, name=name, created_at=at, updated_at=at)
        for action, resource_type, resource_id in PERMISSIONS.get(name, ()):
            permission = {"action": action, "resource_type": resource_type, "resource_id": resource_id}
            directory.add("role_permissions", role_id, **permission)


def _fold(c: Chronicle, scope: str, organization_uuid: str, *kinds: str) -> dict[tuple[str, str], Event]:
    """The event that brought each (scope, member) that is still in it. Who left the organization is in none."""
    since = {
        stay.person.user_id: stay.since
        for stay in c.stays
        if stay.organization.uuid == organization_uuid and stay.until == FOREVER
    }
    members: dict[tuple[str, str], Event] = {}
    for event in in_order(c, *kinds):
        named = event.fields["member_ids"] if "member_ids" in event.fields else [event.fields.get("user_id")]
        for user_id in named if isinstance(named, list) else ():
            place = (str(event.fields[scope]), str(user_id))
            if event.kind.endswith("_removed"):
                members.pop(place, None)
            elif user_id in since and event.at >= since[user_id]:
                members.setdefault(place, event)
    return members


def _groups(directory: Directory, c: Chronicle) -> None:
    # Members were removed from this group, and it was never created: it is from before logging began.
    old = opaque("group", c.cast.seed, "old")
    directory.add("groups", id=old, name="Alumni", created_at=long_before(c, old).removesuffix("Z"))
    for event in in_order(c, "group_created", "group_deleted"):
        group_id = str(event.fields["group_id"])
        if event.kind == "group_created":
            name, at = str(event.fields.get("group_name") or ""), _without_zone(event.at)
            directory.add("groups", id=group_id, name=name, created_at=at, updated_at=at)
        elif directory.get("groups", group_id) is not None:
            directory.remove("groups", group_id)
    emails = _emails(directory, c)
    members = _fold(c, "group_id", c.cast.meridian.uuid, "group_member_added", "group_member_removed")
    for (group_id, user_id), event in members.items():
        if directory.get("groups", group_id) is not None:
            at = _without_zone(event.at)
            who = {"user_id": user_id, "email": emails[user_id], "created_at": at, "updated_at": at}
            directory.add("group_members", group_id, **who)


def _emails(directory: Directory, c: Chronicle) -> dict[str, str]:
    return {str(item["id"]): str(item["email"]) for item in directory.items("users", c.cast.meridian.uuid)}


def _workspaces(directory: Directory, c: Chronicle) -> None:
    console = c.cast.console.uuid
    default = directory.add(
        "workspaces",
        console,
        id=opaque("wrkspc", c.cast.seed, "default"),
        name="Default",
        created_at=long_before(c),
    )
    directory.default_workspaces.add(default)
    names = {opaque("wrkspc", c.cast.seed, key): name for key, name in (("apps", "Apps"), ("lab", "Lab"))}
    for event in in_order(c, "platform_workspace_created", "platform_workspace_archived"):
        workspace = str(event.fields["workspace_id"])
        if event.kind == "platform_workspace_archived":
            directory.modify("workspaces", workspace, console, archived_at=to_text(event.at))
            continue
        name = names.get(workspace) or str(event.fields.get("name") or "Unnamed")
        directory.add("workspaces", console, id=workspace, name=name, created_at=to_text(event.at))
    _workspace_members(directory, c, console)


def _workspace_members(directory: Directory, c: Chronicle, console: str) -> None:
    kinds = [f"platform_workspace_member_{action}" for action in ("added", "updated", "removed")]
    roles: dict[tuple[str, str], str] = {}
    for event in in_order(c, *kinds):
        place = (str(event.fields["workspace_id"]), str(event.fields["user_id"]))
        updates = event.fields.get("updates")
        stated = [u["current_value"] for u in updates] if isinstance(updates, list) else ["workspace_user"]
        if not event.kind.endswith("_removed"):
            roles[place] = stated[-1]
    is_open = {str(item["id"]) for item in directory.items("workspaces", console) if item["archived_at"] is None}
    for workspace, user_id in _fold(c, "workspace_id", console, *kinds):
        if workspace in is_open:
            role = roles[workspace, user_id]
            directory.add("workspace_members", workspace, user_id=user_id, workspace_role=role)
