"""The lists of the directory, in one table: where each is, below what, how it is paged, and what names an item.

A list that is read for each item of another one has that list as its `parent`. A walk is one reading of one list
below one parent.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from orchestration.api.endpoint import Params
from orchestration.landing.key_usage import USAGE

# Settings of these types may come without a name.
_NAMES_BY_TYPE = {"provisioning_mode": "sso_provisioning_mode", "data_retention": "data_retention_periods"}


class Api(StrEnum):
    """Which of the two APIs has a list: each has its own keys and its own request budget."""

    COMPLIANCE = "compliance"
    ADMIN = "admin"


class Paging(StrEnum):
    """How the next page is asked for."""

    PAGE_TOKEN = "page"
    AFTER_ID = "after_id"
    ONE_OBJECT = "one object"


def _text(item: Mapping[str, Any], name: str) -> str:
    """A text field; empty if it is something else."""
    value = item.get(name)
    return value if isinstance(value, str) else ""


def _field(name: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda item: _text(item, name)


_id = _field("id")


def _permission(item: Mapping[str, Any]) -> str:
    if not _text(item, "action"):
        return ""
    return "|".join(_text(item, name) for name in ("action", "resource_type", "resource_id"))


def _setting(item: Mapping[str, Any]) -> str:
    return _text(item, "name") or _NAMES_BY_TYPE.get(_text(item, "type"), "")


def _usage(item: Mapping[str, Any]) -> str:
    return "|".join(_text(item, name) for name in ("api_key_id", "workspace_id", "model"))


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryList:
    """One list.

    `path` has `{name}` of lists above it in place of their items' ids. `item_id` names an item; None: the one
    object is the item, and has the parent's id. `part` is the field of the one object that holds the items.
    `scopes`: one of them opens the list; none where a key has no scopes to choose. `is_read_below` is asked of an
    item of the parent list: whether this list is to be read for it. `is_shared`: the list is the same whichever
    parent is asked, so the first is enough and the walk has no parent.
    """

    name: str
    api: Api
    path: str
    parent: str | None = None
    params: Params = field(default_factory=dict)
    paging: Paging = Paging.PAGE_TOKEN
    item_id: Callable[[Mapping[str, Any]], str] | None = _id
    part: str | None = None
    scopes: tuple[str, ...] = ()
    is_read_below: Callable[[Mapping[str, Any]], bool] = lambda _: True
    is_shared: bool = False


ORG_DATA = ("read:compliance_org_data", "read:org_audit")
USER_DATA = ("read:compliance_user_data", "read:org_audit")
USERS_OF_ORGANIZATION = ("read:members", "read:org_audit")
_COMPLIANCE = "/v1/compliance"
_ORGANIZATION = f"{_COMPLIANCE}/organizations/{{organizations}}"
_ADMIN = "/v1/organizations"
_MANY = {"limit": "1000"}

ORGANIZATIONS = "organizations"
# The organization that a key of the Admin API belongs to. It is not stored: other lists are below it.
ME = "me"

LISTS = (
    DirectoryList(
        name=ORGANIZATIONS, api=Api.COMPLIANCE, path=f"{_COMPLIANCE}/organizations", params=_MANY,
        item_id=_field("uuid"), scopes=ORG_DATA,
    ),
    DirectoryList(
        name="groups", api=Api.COMPLIANCE, path=f"{_COMPLIANCE}/groups", params=_MANY, scopes=ORG_DATA
    ),
    DirectoryList(
        name="users", api=Api.COMPLIANCE, path=f"{_ORGANIZATION}/users", parent=ORGANIZATIONS, params=_MANY,
        scopes=USER_DATA,
    ),
    DirectoryList(
        name="settings", api=Api.COMPLIANCE, path=f"{_ORGANIZATION}/settings", parent=ORGANIZATIONS,
        paging=Paging.ONE_OBJECT, part="settings", item_id=_setting, scopes=ORG_DATA,
    ),
    DirectoryList(
        name="compliance_keys", api=Api.COMPLIANCE, path=f"{_ORGANIZATION}/settings", parent=ORGANIZATIONS,
        paging=Paging.ONE_OBJECT, part="api_keys", scopes=ORG_DATA, is_shared=True,
    ),
    DirectoryList(
        name="roles", api=Api.COMPLIANCE, path=f"{_ORGANIZATION}/roles", parent=ORGANIZATIONS, params=_MANY,
        scopes=ORG_DATA,
    ),
    DirectoryList(
        name="group_members", api=Api.COMPLIANCE, path=f"{_COMPLIANCE}/groups/{{groups}}/members",
        parent="groups", params=_MANY, item_id=_field("user_id"), scopes=USER_DATA,
    ),
    DirectoryList(
        name="role_permissions", api=Api.COMPLIANCE, path=f"{_ORGANIZATION}/roles/{{roles}}/permissions",
        parent="roles", params=_MANY, item_id=_permission, scopes=ORG_DATA,
    ),
    DirectoryList(
        name=ME, api=Api.ADMIN, path=f"{_ADMIN}/me", paging=Paging.ONE_OBJECT
    ),
    DirectoryList(
        name="members", api=Api.ADMIN, path=f"{_ADMIN}/users", parent=ME, params=_MANY, paging=Paging.AFTER_ID,
        scopes=USERS_OF_ORGANIZATION,
    ),
    DirectoryList(
        name="invites", api=Api.ADMIN, path=f"{_ADMIN}/invites", parent=ME, params=_MANY,
        paging=Paging.AFTER_ID, scopes=USERS_OF_ORGANIZATION,
    ),
    DirectoryList(
        name="api_keys", api=Api.ADMIN, path=f"{_ADMIN}/api_keys", parent=ME, params=_MANY,
        paging=Paging.AFTER_ID,
    ),
    DirectoryList(
        name="compliance_settings", api=Api.ADMIN, path=f"{_ADMIN}/compliance_settings", parent=ME,
        paging=Paging.ONE_OBJECT, item_id=None,
    ),
    DirectoryList(
        name="workspaces", api=Api.ADMIN, path=f"{_ADMIN}/workspaces", parent=ME,
        # Without the archived ones, archiving a workspace would look like its deletion.
        params={**_MANY, "include_archived": "true"}, paging=Paging.AFTER_ID,
    ),
    DirectoryList(
        name="workspace_members", api=Api.ADMIN, path=f"{_ADMIN}/workspaces/{{workspaces}}/members",
        parent="workspaces", params=_MANY, paging=Paging.AFTER_ID, item_id=_field("user_id"),
        is_read_below=lambda workspace: not workspace.get("archived_at"),
    ),
    DirectoryList(
        name=USAGE, api=Api.ADMIN, path=f"{_ADMIN}/usage_report/messages", parent=ME,
        params={"bucket_width": "1d", "limit": "31", "group_by[]": ["api_key_id", "workspace_id", "model"]},
        item_id=_usage,
    ),
)  # fmt: skip

MEMBERS = next(one for one in LISTS if one.name == "members")
