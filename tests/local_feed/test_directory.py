"""The directory over HTTP: every list, both kinds of paging, keys and scopes, budgets, and reports of reads."""

import pytest

from local_feed import Directory, LocalFeed

ORGANIZATION = "11111111-1111-4111-8111-111111111111"
CONSOLE = "22222222-2222-4222-8222-222222222222"


@pytest.fixture
def directory():
    made = Directory()
    made.add("organizations", uuid=ORGANIZATION, name="Enterprise")
    made.add("organizations", uuid=CONSOLE, name="Console", created_at="2024-02-01T00:00:00Z")
    for n in range(5):
        who = {"email": f"p{n}@a.example", "name": f"Person {n}", "added_at": f"2024-03-0{n + 1}T00:00:00Z"}
        made.add_member(ORGANIZATION, f"user_{n}", **who)
    made.add_member(CONSOLE, "user_0", email="p0@a.example", role="admin")
    made.add("roles", ORGANIZATION, id="rbac_role_1", name="Auditor")
    made.add("role_permissions", "rbac_role_1", action="read", resource_type="chat")
    made.add("groups", id="rbac_group_1", name="Research", roles=["rbac_role_1"])
    made.add("group_members", "rbac_group_1", user_id="user_1", email="p1@a.example")
    made.set_setting(ORGANIZATION, "web_search_enabled", False)
    made.add("compliance_keys", id="apikey_c", name="siem", scopes=["read:compliance_activities"])
    made.add("invites", CONSOLE, id="invite_1", email="new@a.example")
    made.add("workspaces", CONSOLE, id="wrkspc_1", name="Apps")
    made.add("workspaces", CONSOLE, id="wrkspc_2", name="Lab", archived_at="2024-05-01T00:00:00Z")
    made.add("workspace_members", "wrkspc_1", user_id="user_0", workspace_role="workspace_admin")
    made.add("api_keys", CONSOLE, id="apikey_1", name="ci", workspace_id="wrkspc_1")
    return made


@pytest.fixture
def served(directory):
    with LocalFeed(records=[], directory=directory, admin_organization=CONSOLE, own_reads=True) as feed:
        yield feed


@pytest.fixture
def get(client):
    """One request: `get(feed, "/v1/organizations/users", limit=2)`, with the key for that path."""

    def send(feed, path, key=None, version="2023-06-01", **query):
        chosen = feed.directory_key if path.startswith("/v1/compliance") else feed.admin_key
        headers = {"x-api-key": key or chosen, "anthropic-version": version}
        params = {name + ("[]" if isinstance(value, list) else ""): value for name, value in query.items()}
        return client.get(feed.url + path, headers=headers, params=params)

    return send


LISTS = {
    "/v1/compliance/organizations": [ORGANIZATION, CONSOLE],
    f"/v1/compliance/organizations/{ORGANIZATION}/users": [f"user_{n}" for n in range(5)],
    f"/v1/compliance/organizations/{ORGANIZATION}/roles": ["rbac_role_1"],
    f"/v1/compliance/organizations/{ORGANIZATION}/roles/rbac_role_1/permissions": ["read"],
    "/v1/compliance/groups": ["rbac_group_1"],
    "/v1/compliance/groups/rbac_group_1/members": ["user_1"],
    "/v1/organizations/users": ["user_0"],
    "/v1/organizations/invites": ["invite_1"],
    "/v1/organizations/workspaces": ["wrkspc_1"],
    "/v1/organizations/workspaces/wrkspc_1/members": ["user_0"],
    "/v1/organizations/api_keys": ["apikey_1"],
}


@pytest.mark.parametrize("path", LISTS)
def test_every_list(served, get, path):
    response = get(served, path)
    assert response.status_code == 200, response.text
    assert [
        next(i[k] for k in ("uuid", "id", "user_id", "action") if k in i) for i in response.json()["data"]
    ] == (LISTS[path])


def test_single_objects(served, get):
    settings = get(served, f"/v1/compliance/organizations/{ORGANIZATION}/settings").json()
    assert settings["organization_id"] == ORGANIZATION
    assert settings["settings"] == [{"name": "web_search_enabled", "type": "boolean", "value": False}]
    assert [key["id"] for key in settings["api_keys"]] == ["apikey_c"]
    me = get(served, "/v1/organizations/me").json()
    assert me == {"id": CONSOLE, "name": "Console", "type": "organization"}
    state = get(served, "/v1/organizations/compliance_settings").json()
    assert state == {"type": "compliance_settings", "state": {"type": "enabled"}}
