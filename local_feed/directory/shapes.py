"""The lists of the directory: which field identifies an item, how a list is ordered, and default fields.

The names of the lists are those of `raw.directory_walks.list_name`.
"""

from dataclasses import dataclass

Item = dict[str, object]


@dataclass(frozen=True)
class Shape:
    """One kind of list. `order`: the field that it is ordered by, where the caller gives no other order."""

    defaults: Item
    id_fields: tuple[str, ...] = ("id",)
    order: str = "created_at"
    newest_first: bool = False
    parent_field: str | None = None

    def item_id(self, item: Item) -> str:
        """The id of an item within its list."""
        return "|".join(str(item[name]) for name in self.id_fields)


_LONG_AGO = "2024-01-01T00:00:00Z"
# The API gives times of roles, groups and group members without a zone.
_LONG_AGO_WITHOUT_ZONE = "2024-01-01T00:00:00"
_CHANGED = {"created_at": _LONG_AGO_WITHOUT_ZONE, "updated_at": _LONG_AGO_WITHOUT_ZONE}
_RESIDENCY = {"allowed_inference_geos": "unrestricted", "default_inference_geo": "global", "workspace_geo": "us"}


SHAPES: dict[str, Shape] = {
    "organizations": Shape({"uuid": "", "name": "", "created_at": _LONG_AGO}, ("uuid",)),
    "users": Shape({"id": "", "email": "", "full_name": "", "organization_role": "user", "created_at": _LONG_AGO}),
    "roles": Shape({"id": "", "name": "", "description": "", **_CHANGED}),
    "role_permissions": Shape(
        {"action": "", "resource_type": "", "resource_id": "*"},
        ("action", "resource_type", "resource_id"),
        order="action",
    ),
    "groups": Shape({"id": "", "name": "", "description": "", "source_type": "direct", "roles": [], **_CHANGED}),
    "group_members": Shape({"user_id": "", "email": "", **_CHANGED}, ("user_id",)),
    "settings": Shape({"name": "", "type": "boolean", "value": True}, ("name",), order="name"),
    "compliance_keys": Shape(
        {
            "id": "",
            "type": "compliance_api_key",
            "name": "",
            "scopes": [],
            "is_active": True,
            "created_at": _LONG_AGO,
            "created_by_id": None,
            "expires_at": None,
        }
    ),
    "members": Shape(
        {"id": "", "type": "user", "email": "", "name": "", "role": "user", "added_at": _LONG_AGO},
        order="added_at",
        newest_first=True,
    ),
    "invites": Shape(
        {
            "id": "",
            "type": "invite",
            "email": "",
            "role": "user",
            "status": "pending",
            "invited_at": _LONG_AGO,
            "expires_at": "2024-01-22T00:00:00Z",
            "accepted_at": None,
            "rbac_group_ids": [],
        },
        order="invited_at",
        newest_first=True,
    ),
    "workspaces": Shape(
        {
            "id": "",
            "type": "workspace",
            "name": "",
            "created_at": _LONG_AGO,
            "archived_at": None,
            "display_color": "#6C5BB9",
            "data_residency": _RESIDENCY,
            "external_key_id": None,
            "compartment_id": "",
            "tags": {},
        },
        newest_first=True,
    ),
    "workspace_members": Shape(
        {"type": "workspace_member", "user_id": "", "workspace_id": "", "workspace_role": "workspace_user"},
        ("user_id",),
        order="user_id",
        parent_field="workspace_id",
    ),
    "api_keys": Shape(
        {
            "id": "",
            "type": "api_key",
            "name": "",
            "status": "active",
            "partial_key_hint": None,
            "created_at": _LONG_AGO,
            "created_by": None,
            "expires_at": None,
            "principal": None,
            "scope": {"type": "organization"},
            "workspace_id": None,
        },
        newest_first=True,
    ),
}
