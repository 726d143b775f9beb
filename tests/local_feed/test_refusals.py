"""What the feed refuses: bad parameters, keys without permission, too many requests."""

import pytest

from local_feed import LocalFeed
from tests.local_feed.conftest import refused


@pytest.fixture(scope="module")
def small():
    record = {"id": "activity_1", "created_at": "2026-03-01T00:00:00Z", "type": "claude_chat_created"}
    with LocalFeed(records=[record | {"id": f"activity_{n}"} for n in range(5)]) as feed:
        yield feed


@pytest.mark.parametrize(
    "query",
    [
        {"created_at__gte": "2026-03-01"},
        {"created_at__lt": "2026-03-01T00:00:00"},
        {"created_at__lte": "2026-03-01 00:00:00Z"},
        {"created_at__gt": "yesterday"},
        {"created_at__gt": "2026-13-01T00:00:00Z"},
        {"created_at__gt": ""},
        {"limit": 0},
        {"limit": 5001},
        {"limit": -1},
        {"limit": "ten"},
        {"limit": ""},
        {"limit": "1_0"},
        {"order": "newest"},
        {"activity_types": ["a"], "exclude_activity_types": ["b"]},
        {"after_id": "activity_1"},
        {"after_id": "not a cursor"},
        {"before_id": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},
        {"after_id": ""},
        {"page": 2},
        {"activity_types[": "a"},
    ],
    ids=str,
)
def test_bad_parameters(small, ask, query):
    refused(ask(small, **query), 400, "invalid_request_error")


def test_both_cursors(small, ask):
    page = ask(small, limit=2).json()
    refused(ask(small, after_id=page["last_id"], before_id=page["last_id"]), 400, "invalid_request_error")


@pytest.mark.parametrize(
    "other",
    [
        {"created_at__gte": "2026-02-01T00:00:00Z"},
        {"created_at__lt": "2027-02-01T00:00:00Z"},
        {"activity_types": ["claude_chat_created"]},
        {"user_ids": ["user_a"]},
        {"order": "asc"},
        {"key": "sk-ant-admin01-local-feed"},
    ],
    ids=str,
)
def test_a_cursor_of_another_query(small, ask, other):
    cursor = ask(small, limit=2).json()["last_id"]
    assert "another query" in refused(ask(small, after_id=cursor, **other), 400, "invalid_request_error")


def test_a_cursor_with_one_letter_changed(small, ask):
    cursor = ask(small, limit=2).json()["last_id"]
    middle = len(cursor) // 2
    bent = cursor[:middle] + ("A" if cursor[middle] != "A" else "B") + cursor[middle + 1 :]
    refused(ask(small, after_id=bent), 400, "invalid_request_error")


def test_a_scalar_given_twice(small, client):
    headers = {"x-api-key": small.key, "anthropic-version": "2023-06-01"}
    response = client.get(f"{small.url}/v1/compliance/activities?limit=2&limit=3", headers=headers)
    refused(response, 400, "invalid_request_error")


@pytest.mark.parametrize("version", [None, "2020-01-01"])
def test_the_version_header(small, ask, version):
    headers = {"x-api-key": small.key} | ({"anthropic-version": version} if version else {})
    assert "anthropic-version" in refused(ask(small, headers=headers), 400, "invalid_request_error")


@pytest.mark.parametrize("headers", [{}, {"x-api-key": "sk-ant-api01-stolen"}], ids=["none", "unknown"])
def test_unknown_keys(small, ask, headers):
    refused(ask(small, headers={"anthropic-version": "2023-06-01", **headers}), 401, "authentication_error")


def test_a_key_without_the_scope(small, ask):
    message = refused(ask(small, key=small.unscoped_key), 403, "permission_error")
    assert "Got: read:compliance_org_data" in message
    assert "Needed: read:compliance_activities" in message


def test_an_unknown_path_has_a_request_id_too(small, client):
    refused(client.get(f"{small.url}/v1/compliance/chats"), 404, "not_found_error")


def test_an_admin_key_sees_its_organization_and_what_belongs_to_none(activity, walk):
    records = [
        activity(1),
        activity(2, organization_id="org_b", organization_uuid=None),
        activity(3, organization_id=None, organization_uuid=None),
    ]
    for organization, seen in (("org_a", [3, 1]), ("org_b", [3, 2]), (records[0]["organization_uuid"], [3, 1])):
        with LocalFeed(records=records, admin_organization=organization) as feed:
            assert [r["id"] for r in walk(feed, key=feed.admin_key)] == [f"activity_{n:04d}" for n in seen]


def test_the_admin_key_of_a_history_sees_its_console_organization(feed, walk):
    seen = {r.get("organization_id") for r in walk(feed, key=feed.admin_key, limit=5000)}
    everything = {r.get("organization_id") for r in walk(feed, limit=5000)}
    assert len(seen) == 2
    assert None in seen
    # Nothing, three organizations, and one that is deleted.
    assert len(everything) == 5


def test_the_budget_is_shared_refilled_and_not_touched_by_unknown_keys(activity, ask):
    now = [1_000_000.0]
    with LocalFeed(records=[activity(1)], requests_per_minute=3, clock=lambda: now[0]) as feed:
        left = []
        for key in (feed.key, "sk-ant-unknown", feed.admin_key, feed.key):
            left.append(ask(feed, key=key).headers.get("anthropic-ratelimit-requests-remaining"))
        assert left == ["2", None, "1", "0"]
        now[0] += 20
        response = ask(feed)
        refused(response, 429, "rate_limit_error")
        assert response.headers["retry-after"] == "40"
        assert response.headers["anthropic-ratelimit-requests-limit"] == "3"
        assert response.headers["anthropic-ratelimit-requests-reset"] == "1970-01-12T13:47:40Z"
        now[0] += 40
        assert ask(feed).status_code == 200


def test_a_feed_without_budget_sends_no_rate_limit_headers(small, ask):
    assert not [name for name in ask(small).headers if name.startswith("anthropic-ratelimit")]
