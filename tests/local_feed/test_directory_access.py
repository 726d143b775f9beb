"""Who may read the directory and how often: keys, scopes, refused parameters, budgets, and reports of reads."""

import json

import pytest

from local_feed import LocalFeed
from tests.local_feed.conftest import CONSOLE, ORGANIZATION, refused
from tests.local_feed.test_directory import LISTS, ROLES, USAGE, USERS

SETTINGS = f"/v1/compliance/organizations/{ORGANIZATION}/settings"
SCOPES = {
    "/v1/compliance/organizations": "read:compliance_org_data",
    USERS: "read:compliance_user_data",
    ROLES: "read:compliance_org_data",
    f"{ROLES}/rbac_role_1/permissions": "read:compliance_org_data",
    "/v1/compliance/groups": "read:compliance_org_data",
    "/v1/compliance/groups/rbac_group_1/members": "read:compliance_user_data",
    SETTINGS: "read:compliance_org_data",
    "/v1/organizations/users": "read:members",
    "/v1/organizations/invites": "read:members",
}
CONSOLE_ONLY = [
    "/v1/organizations/me",
    "/v1/organizations/workspaces",
    "/v1/organizations/workspaces/wrkspc_1/members",
    "/v1/organizations/api_keys",
    "/v1/organizations/compliance_settings",
    USAGE,
]


@pytest.mark.parametrize("scope", [None, *sorted({*SCOPES.values()})])
def test_each_list_needs_its_scope(directory, get, scope):
    with LocalFeed(records=[], directory=directory, directory_scopes=(scope,) if scope else ()) as feed:
        for path, needed in SCOPES.items():
            answer = get(feed, path, key=feed.directory_key)
            if scope == needed:
                assert answer.status_code == 200
                continue
            message = refused(answer, 403, "permission_error")
            assert f"Needed: {needed}." in message
            assert f"Got: {scope or 'none'}." in message


@pytest.mark.parametrize("scope", ["read:compliance_activities", "read:org_audit"])
def test_the_audit_scope_reads_everything(directory, get, scope):
    with LocalFeed(records=[], directory=directory, directory_scopes=(scope,)) as feed:
        assert get(feed, "/v1/compliance/activities").status_code == 200
        allowed = {path for path in SCOPES if get(feed, path, key=feed.directory_key).status_code == 200}
    assert allowed == (SCOPES.keys() if scope == "read:org_audit" else set())


def test_a_key_reads_only_the_api_that_it_is_for(served, get):
    for path in CONSOLE_ONLY:
        refused(get(served, path, key=served.directory_key), 403, "permission_error")
    for path in (path for path in SCOPES if path.startswith("/v1/compliance")):
        refused(get(served, path, key=served.admin_key), 403, "permission_error")
    assert get(served, "/v1/compliance/activities", key=served.admin_key).status_code == 200


def test_a_compliance_key_with_members_reads_its_own_organization(directory, get):
    directory.add("invites", ORGANIZATION, id="invite_e", email="e@a.example")
    for organization, invite in ((None, "invite_e"), (CONSOLE, "invite_1")):
        with LocalFeed(records=[], directory=directory, directory_organization=organization) as feed:
            page = get(feed, "/v1/organizations/invites", key=feed.directory_key).json()
            assert [item["id"] for item in page["data"]] == [invite]


def test_a_key_of_one_organization_does_not_see_the_others(directory, get):
    with LocalFeed(records=[], directory=directory, directory_organization=CONSOLE) as feed:
        page = get(feed, "/v1/compliance/organizations").json()
        assert [item["uuid"] for item in page["data"]] == [CONSOLE]
        refused(get(feed, USERS), 404, "not_found_error")


def test_unknown_keys_and_versions(served, client, get):
    for path in LISTS:
        for secret in ("", "sk-ant-api01-stolen"):
            headers = {"anthropic-version": "2023-06-01"} | ({"x-api-key": secret} if secret else {})
            refused(client.get(served.url + path, headers=headers), 401, "authentication_error")
        assert get(served, path, version="2026-10-21").status_code == 200
        for version in (None, "2020-01-01"):
            assert "anthropic-version" in refused(get(served, path, version=version), 400, "invalid_request_error")


def test_unknown_ids(served, get):
    for path in (
        f"/v1/compliance/organizations/{CONSOLE[::-1]}/users",
        f"/v1/compliance/organizations/{ORGANIZATION}/roles/rbac_role_9/permissions",
        f"/v1/compliance/organizations/{CONSOLE}/roles/rbac_role_1/permissions",
        "/v1/compliance/groups/rbac_group_9/members",
        "/v1/compliance/organizations/parent/settings",
        "/v1/organizations/workspaces/wrkspc_9/members",
        "/v1/organizations/nothing",
    ):
        refused(get(served, path), 404, "not_found_error")


def test_bad_parameters(served, get):
    for path, query in (
        (USERS, {"page": "user_1"}),
        (USERS, {"page": ""}),
        (USERS, {"limit": 1001}),
        (USERS, {"limit": 0}),
        (USERS, {"after_id": "user_1"}),
        (USERS, {"order": "asc"}),
        (SETTINGS, {"limit": 5}),
        ("/v1/organizations/users", {"after_id": "user_9"}),
        ("/v1/organizations/users", {"after_id": "user_0", "before_id": "user_0"}),
        ("/v1/organizations/users", {"page": "1"}),
        ("/v1/organizations/users", {"limit": 1001}),
        ("/v1/organizations/workspaces", {"include_archived": "yes"}),
        (USAGE, {}),
        (USAGE, {"starting_at": "2026-05-01"}),
        (USAGE, {"starting_at": "2026-05-02T00:00:00Z", "ending_at": "2026-05-01T00:00:00Z"}),
        (USAGE, {"starting_at": "2026-05-02T00:00:00Z", "limit": 32}),
        (USAGE, {"starting_at": "2026-05-02T00:00:00Z", "bucket_width": "1h"}),
        (USAGE, {"starting_at": "2026-05-02T00:00:00Z", "group_by": ["name"]}),
    ):
        refused(get(served, path, **query), 400, "invalid_request_error")


def test_a_page_token_belongs_to_its_list(served, get):
    token = get(served, USERS, limit=2).json()["next_page"]
    other = f"/v1/compliance/organizations/{CONSOLE}/users"
    refused(get(served, other, page=token), 400, "invalid_request_error")
    refused(get(served, USERS, page=token[:-3]), 400, "invalid_request_error")
    assert get(served, USERS, page=token, limit=1).json()["data"][0]["id"] == "user_2"


def test_the_compliance_budget_is_shared_with_the_feed(directory, get):
    now = [1_000_000.0]
    options = {"directory": directory, "admin_organization": CONSOLE, "clock": lambda: now[0]}
    with LocalFeed(records=[], requests_per_minute=5, **options) as feed:
        left = [
            get(feed, path, key=key).headers.get("anthropic-ratelimit-requests-remaining")
            for path, key in (
                ("/v1/compliance/groups", None),
                ("/v1/compliance/activities", None),
                # A refused scope costs one unit, an unknown key none, and the Admin API has its own budget.
                ("/v1/compliance/groups", feed.key),
                ("/v1/compliance/groups", "sk-ant-unknown"),
                ("/v1/organizations/users", feed.admin_key),
                (SETTINGS, None),
                (USERS, None),
            )
        ]
        assert left == ["4", "3", "2", None, None, "1", "0"]
        response = get(feed, USERS)
        refused(response, 429, "rate_limit_error")
        assert response.headers["retry-after"] == "60"
        refused(get(feed, "/v1/compliance/activities"), 429, "rate_limit_error")
        assert get(feed, "/v1/organizations/users").status_code == 200
        now[0] += 60
        assert get(feed, USERS).status_code == 200


def test_the_admin_budget(directory, get):
    now = [1_000_000.0]
    options = {"directory": directory, "admin_organization": CONSOLE, "clock": lambda: now[0]}
    with LocalFeed(records=[], admin_requests_per_minute=2, **options) as feed:
        statuses = [get(feed, path).status_code for path in ("/v1/organizations/me", "/v1/organizations/api_keys")]
        assert statuses == [200, 200]
        now[0] += 15
        response = get(feed, "/v1/organizations/users")
        refused(response, 429, "rate_limit_error")
        assert response.headers["retry-after"] == "45"
        assert get(feed, USERS).status_code == 200


def reported(feed):
    return [json.loads(text) for _, text in feed.records()][::-1]


def test_every_compliance_read_is_reported(served, get):
    responses = [get(served, USERS, limit=2), get(served, "/v1/compliance/groups", key=served.unscoped_key)]
    responses.append(get(served, USERS, key=served.admin_key))
    activities = reported(served)
    assert {one["type"] for one in activities} == {"compliance_api_accessed"}
    assert {one["request_id"] for one in activities} == {one.headers["request-id"] for one in responses}
    first = next(one for one in activities if one["request_id"] == responses[0].headers["request-id"])
    assert (first["status_code"], first["url"]) == (200, f"{served.url}{USERS}?limit=2")


def test_admin_reads_are_reported_by_their_types(served, get):
    for path in ("me", "users", "invites", "workspaces", "workspaces/wrkspc_1/members", "api_keys"):
        assert get(served, f"/v1/organizations/{path}").status_code == 200
    get(served, USAGE, starting_at="2026-05-02T00:00:00Z")
    get(served, USAGE)  # refused, and so not reported
    activities = reported(served)
    assert [one["type"] for one in activities] == [
        "org_users_listed",
        "org_invites_listed",
        "platform_workspace_members_listed",
        "platform_usage_report_messages_viewed",
    ]
    assert {one["actor"]["type"] for one in activities} == {"admin_api_key_actor"}
    assert {one["organization_uuid"] for one in activities} == {CONSOLE}
    assert activities[2]["workspace_id"] == "wrkspc_1"
    assert not [one for one in activities if "request_id" in one]


def test_reads_are_not_reported_where_that_is_off(directory, get):
    with LocalFeed(records=[], directory=directory) as feed:
        assert get(feed, USERS).status_code == 200
        assert len(feed) == 0
        assert [(seen.path, seen.status) for seen in feed.requests] == [(USERS, 200)]
