"""Every path of the directory: whose keys read it, how it is paged, its parameters, and how a read is reported."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from local_feed.directory.shapes import Item

ORG_DATA = "read:compliance_org_data"
USER_DATA = "read:compliance_user_data"
MEMBERS = "read:members"

Filter = Callable[[Item, list[str]], bool]
"""Whether an item fits the values given for a parameter."""


def _equal(name: str) -> Filter:
    return lambda item, values: item[name] in values


def _starts(name: str) -> Filter:
    return lambda item, values: str(item[name]).startswith(values[0])


def _email(item: Item, values: list[str]) -> bool:
    """The Admin API's filter by email ignores case and what follows a `+`."""

    def plain(email: str) -> str:
        local, _, domain = email.lower().partition("@")
        return f"{local.partition('+')[0]}@{domain}"

    return plain(str(item["email"])) in map(plain, values)


def _maker(item: Item, values: list[str]) -> bool:
    maker = item["created_by"]
    return isinstance(maker, dict) and maker.get("id") in values


@dataclass(frozen=True)
class Endpoint:
    """One GET path.

    `scope`: what a Compliance Access Key needs (None: such a key cannot read it); `admin`: an admin key reads it;
    `parent`: the path parameter that names the list's parent (`organization` for the organization of the key);
    `parent_list`: the list that the parent has to be in, if it is not an organization; `limits`: default and
    maximum; `view`: the type of the activity that reports a read by an admin key.
    """

    list_name: str
    path: str
    paging: Literal["page", "cursor", "settings", "me", "state", "usage"]
    scope: str | None = None
    admin: bool = False
    parent: str | None = None
    parent_list: str | None = None
    limits: tuple[int, int] = (500, 1000)
    filters: dict[str, Filter] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    view: str | None = None

    @property
    def is_compliance(self) -> bool:
        """Whether it is part of the Compliance API, and so of the budget of the feed."""
        return self.path.startswith("/v1/compliance/")


_ORGANIZATION = "/v1/compliance/organizations/{org_uuid}"
_GROUPS = "/v1/compliance/groups"
_ADMIN = "/v1/organizations"
_ROLES = {"roles[]": _equal("role")}
_CURSOR = (20, 1000)

ENDPOINTS = (
    Endpoint("organizations", "/v1/compliance/organizations", "page", ORG_DATA, limits=(1000, 1000)),
    Endpoint("users", f"{_ORGANIZATION}/users", "page", USER_DATA, parent="org_uuid"),
    Endpoint("roles", f"{_ORGANIZATION}/roles", "page", ORG_DATA, parent="org_uuid"),
    Endpoint(
        "role_permissions",
        f"{_ORGANIZATION}/roles/{{role_id}}/permissions",
        "page",
        ORG_DATA,
        parent="role_id",
        parent_list="roles",
    ),
    Endpoint("groups", _GROUPS, "page", ORG_DATA, filters={"name_prefix": _starts("name")}),
    Endpoint(
        "group_members",
        f"{_GROUPS}/{{group_id}}/members",
        "page",
        USER_DATA,
        parent="group_id",
        parent_list="groups",
    ),
    Endpoint("settings", f"{_ORGANIZATION}/settings", "settings", ORG_DATA, parent="org_uuid"),
    Endpoint("me", f"{_ADMIN}/me", "me", admin=True, parent="organization"),
    Endpoint(
        "members",
        f"{_ADMIN}/users",
        "cursor",
        MEMBERS,
        admin=True,
        parent="organization",
        limits=_CURSOR,
        filters={"email": _email, **_ROLES},
        view="org_users_listed",
    ),
    Endpoint(
        "invites",
        f"{_ADMIN}/invites",
        "cursor",
        MEMBERS,
        admin=True,
        parent="organization",
        limits=_CURSOR,
        filters={"email": _email, **_ROLES, "statuses[]": _equal("status")},
        view="org_invites_listed",
    ),
    Endpoint(
        "workspaces",
        f"{_ADMIN}/workspaces",
        "cursor",
        admin=True,
        parent="organization",
        limits=_CURSOR,
        flags=("include_archived", "include_default"),
    ),
    Endpoint(
        "workspace_members",
        f"{_ADMIN}/workspaces/{{workspace_id}}/members",
        "cursor",
        admin=True,
        parent="workspace_id",
        parent_list="workspaces",
        limits=_CURSOR,
        view="platform_workspace_members_listed",
    ),
    Endpoint(
        "api_keys",
        f"{_ADMIN}/api_keys",
        "cursor",
        admin=True,
        parent="organization",
        limits=_CURSOR,
        filters={"status": _equal("status"), "workspace_id": _equal("workspace_id"), "created_by_user_id": _maker},
    ),
    Endpoint("compliance_settings", f"{_ADMIN}/compliance_settings", "state", admin=True, parent="organization"),
    Endpoint(
        "usage",
        f"{_ADMIN}/usage_report/messages",
        "usage",
        admin=True,
        parent="organization",
        limits=(7, 31),
        view="platform_usage_report_messages_viewed",
    ),
)
