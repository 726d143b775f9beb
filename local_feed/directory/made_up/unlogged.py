"""What no event of the history shows: people, groups and keys from before logging, and changes made in silence."""

from local_feed.directory.made_up.access import PERMISSIONS
from local_feed.directory.made_up.keys import add_platform_key, directory_key_id, platform_key_id
from local_feed.directory.made_up.people import long_before
from local_feed.directory.state import Directory
from local_feed.history.cast import Organization
from local_feed.history.chronicle import Chronicle
from local_feed.history.ids import opaque
from local_feed.instants import DAY, to_text

_QUIET = (
    ("olena", "Olena Shevchenko", "owner"),
    ("piotr", "Piotr Nowak", "user"),
    ("samir", "Samir Aziz", "developer"),
    ("yuki", "山田 雪", "billing"),
)
_AUDIT_SCOPES = [
    "read:compliance_activities",
    "read:compliance_org_data",
    "read:compliance_user_data",
    "read:members",
]


def fill(directory: Directory, c: Chronicle) -> None:
    """Add what is from before logging began, then make the changes that have no event."""
    _people_from_before(directory, c)
    _groups_from_before(directory, c)
    _keys_from_before(directory, c)
    _silent_changes(directory, c)
    _other_address(directory, c)


def _people_from_before(directory: Directory, c: Chronicle) -> None:
    """Members who never act: one of them is an owner."""
    for key, name, role in _QUIET:
        _add(directory, c, c.cast.meridian, key, name, role, long_before(c, key))
    _add(directory, c, c.cast.console, "tomas", "Tomás Reyes", "developer", long_before(c, "tomas"))


def _add(
    directory: Directory, c: Chronicle, organization: Organization, key: str, name: str, role: str, added_at: str
) -> None:
    user_id = opaque("user", c.cast.seed, key)
    email = f"{key}@meridian.example"
    directory.add_member(organization.uuid, user_id, email=email, name=name, role=role, added_at=added_at)


def _groups_from_before(directory: Directory, c: Chronicle) -> None:
    meridian, seed = c.cast.meridian.uuid, c.cast.seed
    at = long_before(c, "groups").removesuffix("Z")
    role = directory.add(
        "roles", meridian, id=opaque("rbac_role", seed, "security"), name="Security reviewers", created_at=at
    )
    for action in ("read", "export"):
        directory.add("role_permissions", role, action=action, resource_type="audit_log")
    group = directory.add(
        "groups",
        id=opaque("rbac_group", seed, "security"),
        name="Security",
        source_type="scim",
        roles=[role],
        created_at=at,
    )
    people = {str(item["id"]): item for item in directory.items("users", meridian)}
    for key in ("elif", "rosa", "olena"):
        user_id = opaque("user", seed, key)
        directory.add("group_members", group, user_id=user_id, email=people[user_id]["email"], created_at=at)
    editor = next((r for r in directory.items("roles", meridian) if r["name"] in PERMISSIONS), None)
    if editor is not None:
        directory.modify("groups", opaque("group", seed, "research"), roles=[editor["id"]])


def _keys_from_before(directory: Directory, c: Chronicle) -> None:
    people = c.cast.people
    for key, name, owner, status, expires_at in (
        ("quiet", "billing export", "priya", "active", None),
        ("idle", "spare", "sven", "active", None),
        ("short", "hackathon", "omar", "expired", to_text(c.moment(280), 0)),
    ):
        key_id = platform_key_id(c, key)
        made = {"name": name, "created_at": long_before(c, key), "owner": people[owner], "status": status}
        add_platform_key(directory, c, key_id, expires_at=expires_at, **made)
    for key_id, name, scopes in (
        (directory_key_id(c.cast.seed), "directory", _AUDIT_SCOPES),
        (opaque("apikey", c.cast.seed, "archive"), "archive", ["read:compliance_activities"]),
    ):
        made = {"created_at": long_before(c, key_id), "created_by_id": people["ada"].user_id}
        directory.add("compliance_keys", id=key_id, name=name, scopes=scopes, **made)


def _silent_changes(directory: Directory, c: Chronicle) -> None:
    """A member comes, one goes, one becomes administrator; groups, workspaces, keys and a setting change.

    One more member came to Harbor while its logging was off.
    """
    meridian, console, people = c.cast.meridian.uuid, c.cast.console.uuid, c.cast.people
    late = c.end - 40 * DAY
    _add(directory, c, c.cast.meridian, "igor", "Igor Petrov", "user", to_text(late))
    _add(directory, c, c.cast.harbor, "freya", "Freya Holm", "user", to_text(c.moment(182)))
    directory.remove_member(meridian, people["vera"].user_id)
    directory.modify_member(meridian, people["tara"].user_id, role="admin")

    research, mina = opaque("group", c.cast.seed, "research"), people["mina"]
    directory.remove("group_members", people["dina"].user_id, research)
    directory.add("group_members", research, user_id=mina.user_id, email=mina.emails[-1][1])
    apps = opaque("wrkspc", c.cast.seed, "apps")
    directory.remove("workspace_members", people["sven"].user_id, apps)
    directory.add("workspace_members", apps, user_id=opaque("user", c.cast.seed, "tomas"))

    directory.modify("api_keys", platform_key_id(c, "old"), console, status="active")
    new = platform_key_id(c, "unannounced")
    add_platform_key(directory, c, new, name="agent", created_at=to_text(late), owner=people["sven"])
    value = directory.get("settings", "web_search_enabled", meridian) or {}
    directory.set_setting(meridian, "web_search_enabled", not value.get("value"))


def _other_address(directory: Directory, c: Chronicle) -> None:
    """Tara accepted an invitation that was sent to another address, before logging began."""
    meridian, tara = c.cast.meridian.uuid, c.cast.people["tara"]
    for item in directory.items("invites", meridian):
        if item["email"] == tara.emails[0][1]:
            other = {"email": "tara.singh@partner.example", "invited_at": to_text(c.start - 5 * DAY)}
            directory.modify("invites", str(item["id"]), meridian, **other)
