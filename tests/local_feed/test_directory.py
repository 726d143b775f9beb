"""The directory over HTTP: every list with its fields and parameters, both kinds of paging, the usage report."""

import pytest

from local_feed import LocalFeed
from local_feed.directory.usage import UsageRow
from tests.local_feed.conftest import CONSOLE, ORGANIZATION

USERS = f"/v1/compliance/organizations/{ORGANIZATION}/users"
ROLES = f"/v1/compliance/organizations/{ORGANIZATION}/roles"
USAGE = "/v1/organizations/usage_report/messages"
# By path: what its items are known by, those that are there, and the fields of each.
LISTS = {
    "/v1/compliance/organizations": ("uuid", [ORGANIZATION, CONSOLE], "created_at name uuid"),
    USERS: ("id", [f"user_{n}" for n in range(5)], "created_at email full_name id organization_role"),
    ROLES: ("id", ["rbac_role_1"], "created_at description id name updated_at"),
    f"{ROLES}/rbac_role_1/permissions": ("action", ["read"], "action resource_id resource_type"),
    "/v1/compliance/groups": (
        "id", ["rbac_group_1"], "created_at description id name roles source_type updated_at",
    ),
    "/v1/compliance/groups/rbac_group_1/members": (
        "user_id", ["user_1"], "created_at email updated_at user_id",
    ),
    "/v1/organizations/users": ("id", ["user_0"], "added_at email id name role type"),
    "/v1/organizations/invites": (
        "id", ["invite_1"], "accepted_at email expires_at id invited_at rbac_group_ids role status type",
    ),
    "/v1/organizations/workspaces": (
        "id", ["wrkspc_1"],
        "archived_at compartment_id created_at data_residency display_color external_key_id id name tags type",
    ),
    "/v1/organizations/workspaces/wrkspc_1/members": (
        "user_id", ["user_0"], "type user_id workspace_id workspace_role",
    ),
    "/v1/organizations/api_keys": (
        "id", ["apikey_1"],
        "created_at created_by expires_at id name partial_key_hint principal scope status type workspace_id",
    ),
}  # fmt: skip


def ids(response, name="id"):
    assert response.status_code == 200, response.text
    return [item[name] for item in response.json()["data"]]


def test_every_list_has_its_items_with_the_documented_fields(served, get):
    for path, (id_field, expected, fields) in LISTS.items():
        response = get(served, path)
        assert ids(response, id_field) == expected
        assert {" ".join(sorted(item)) for item in response.json()["data"]} == {fields}
        last = {"first_id", "last_id"} if path.startswith("/v1/organizations") else {"next_page"}
        assert set(response.json()) == {"data", "has_more"} | last


def test_single_objects(served, get):
    settings = get(served, f"/v1/compliance/organizations/{ORGANIZATION}/settings").json()
    assert settings["organization_id"] == ORGANIZATION
    assert settings["settings"] == [{"name": "web_search_enabled", "type": "boolean", "value": False}]
    assert [key["id"] for key in settings["api_keys"]] == ["apikey_c"]
    me = get(served, "/v1/organizations/me").json()
    assert me == {"id": CONSOLE, "name": "Console", "type": "organization"}
    for disabled, state in (([], "enabled"), ([CONSOLE], "disabled")):
        served.directory.disabled_organizations.update(disabled)
        answer = get(served, "/v1/organizations/compliance_settings").json()
        assert answer == {"type": "compliance_settings", "state": {"type": state}}


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 6])
def test_page_tokens(served, get, limit):
    pages = [get(served, USERS, limit=limit).json()]
    while pages[-1]["next_page"]:
        assert pages[-1]["has_more"]
        assert len(pages[-1]["data"]) == limit
        pages.append(get(served, USERS, limit=limit, page=pages[-1]["next_page"]).json())
    assert not pages[-1]["has_more"]
    # In the order in which they joined.
    assert [item["id"] for page in pages for item in page["data"]] == [f"user_{n}" for n in range(5)]


@pytest.mark.parametrize("limit", [1, 2, 4, 5])
def test_id_cursors_forwards_and_backwards(served, get, limit):
    path = "/v1/organizations/users"
    for n in range(1, 5):
        who = {"email": f"p{n}@a.example", "added_at": f"2024-03-0{n}T00:00:00Z"}
        served.directory.add_member(CONSOLE, f"user_{n}", **who)
    newest_first = [f"user_{n}" for n in (4, 3, 2, 1, 0)]
    pages = [get(served, path, limit=limit).json()]
    while pages[-1]["has_more"]:
        pages.append(get(served, path, limit=limit, after_id=pages[-1]["last_id"]).json())
    assert [item["id"] for page in pages for item in page["data"]] == newest_first
    back = [get(served, path, limit=limit, before_id=newest_first[-1]).json()]
    while back[-1]["has_more"]:
        back.append(get(served, path, limit=limit, before_id=back[-1]["first_id"]).json())
    assert [item["id"] for page in reversed(back) for item in page["data"]] == newest_first[:-1]


def test_an_id_cursor_of_a_removed_item_still_leads_on(served, get):
    for n in (2, 3):
        served.directory.add(
            "invites", CONSOLE, id=f"invite_{n}", email="x@a.example", invited_at=f"2024-05-0{n}T"
        )
    cursor = get(served, "/v1/organizations/invites", limit=1).json()["last_id"]
    served.directory.remove("invites", cursor, CONSOLE)
    assert ids(get(served, "/v1/organizations/invites", after_id=cursor)) == ["invite_2", "invite_1"]


def test_filters(served, get):
    directory = served.directory
    directory.add("groups", id="rbac_group_2", name="Finance")
    directory.add("workspaces", CONSOLE, id="wrkspc_0", name="Default")
    directory.default_workspaces.add("wrkspc_0")
    directory.add(
        "api_keys", CONSOLE, id="apikey_2", status="archived", created_by={"id": "user_9", "type": "user"}
    )
    assert ids(get(served, "/v1/compliance/groups", name_prefix="Fin")) == ["rbac_group_2"]
    workspaces = "/v1/organizations/workspaces"
    assert set(ids(get(served, workspaces, include_archived="true"))) == {"wrkspc_1", "wrkspc_2"}
    assert set(ids(get(served, workspaces, include_default="true"))) == {"wrkspc_0", "wrkspc_1"}
    keys = "/v1/organizations/api_keys"
    assert ids(get(served, keys, status="archived")) == ["apikey_2"]
    assert ids(get(served, keys, workspace_id="wrkspc_1")) == ["apikey_1"]
    assert ids(get(served, keys, created_by_user_id="user_9")) == ["apikey_2"]
    assert ids(get(served, "/v1/organizations/users", email="P0+tag@a.example")) == ["user_0"]
    assert ids(get(served, "/v1/organizations/users", roles=["user"])) == []
    assert ids(get(served, "/v1/organizations/invites", statuses=["pending", "expired"])) == ["invite_1"]


def test_usage_by_day_key_workspace_and_model(served, get):
    usage = served.directory.usage
    usage.add(CONSOLE, "2026-05-02", UsageRow("apikey_1", "wrkspc_1", "m1", output_tokens=7))
    usage.add(CONSOLE, "2026-05-02", UsageRow("apikey_1", "wrkspc_1", "m2", output_tokens=5))
    usage.add(CONSOLE, "2026-05-02", UsageRow(None, None, "m2", uncached_input_tokens=3))
    query = {"starting_at": "2026-05-01T00:00:00Z", "ending_at": "2026-05-10T00:00:00Z"}
    by_key = ["api_key_id", "workspace_id", "model"]
    first = get(served, USAGE, **query, group_by=by_key).json()
    assert [bucket["starting_at"][:10] for bucket in first["data"]] == [f"2026-05-0{n}" for n in range(1, 8)]
    second = get(served, USAGE, **query, group_by=by_key, page=first["next_page"]).json()
    assert [bucket["ending_at"] for bucket in second["data"]] == ["2026-05-09T00:00:00Z", "2026-05-10T00:00:00Z"]
    assert (second["has_more"], second["next_page"]) == (False, None)
    rows = {(r["api_key_id"], r["workspace_id"], r["model"]): r for r in first["data"][1]["results"]}
    assert {key: (row["output_tokens"], row["uncached_input_tokens"]) for key, row in rows.items()} == {
        ("apikey_1", "wrkspc_1", "m1"): (7, 0),
        ("apikey_1", "wrkspc_1", "m2"): (5, 0),
        (None, None, "m2"): (0, 3),
    }
    [whole] = get(served, USAGE, **query).json()["data"][1]["results"]
    assert (whole["output_tokens"], whole["uncached_input_tokens"], whole["api_key_id"]) == (12, 3, None)
    [some] = get(served, USAGE, **query, models=["m1"], group_by=["model"]).json()["data"][1]["results"]
    assert (some["model"], some["output_tokens"]) == ("m1", 7)
    usage.replace(CONSOLE, "2026-05-02")
    assert get(served, USAGE, **query).json()["data"][1]["results"] == []


def test_without_being_asked_for_there_is_no_directory(activity, get):
    with LocalFeed(records=[activity(1)]) as feed:
        assert get(feed, "/v1/compliance/groups", key=feed.key).status_code == 404
        assert get(feed, "/v1/compliance/activities").status_code == 401
        with pytest.raises(ValueError, match="directory=True"):
            _ = feed.directory
