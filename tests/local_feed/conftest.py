"""Feeds, and functions that request pages of them. The history is rendered once for all tests."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from local_feed import Directory, LocalFeed

SIZE, SEED = 1_500, 7
PATH = "/v1/compliance/activities"

ORGANIZATION = "11111111-1111-4111-8111-111111111111"
CONSOLE = "22222222-2222-4222-8222-222222222222"

Ask = Callable[..., httpx.Response]


def refused(response: httpx.Response, status: int, kind: str) -> str:
    """The message of a refusal, which has this status and type and a request id."""
    assert response.status_code == status, response.text
    assert response.json()["error"]["type"] == kind
    assert response.headers["request-id"]
    return response.json()["error"]["message"]


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("histories")


@pytest.fixture
def feed(cache: Path) -> Iterator[LocalFeed]:
    with LocalFeed(size=SIZE, seed=SEED, cache=cache) as running:
        yield running


@pytest.fixture(scope="session")
def client() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=60.0) as open_client:
        yield open_client


@pytest.fixture
def ask(client: httpx.Client) -> Ask:
    """Send one request: `ask(feed, limit=5)`. Lists are repeated; `__` stands for a dot in names."""

    def send(
        feed: LocalFeed, key: str | None = None, headers: dict[str, str] | None = None, **query: Any
    ) -> httpx.Response:
        sent = {"x-api-key": key or feed.key, "anthropic-version": "2023-06-01"} if headers is None else headers
        params = {
            name.replace("__", ".") + ("[]" if isinstance(value, list) else ""): value
            for name, value in query.items()
            if value is not None
        }
        return client.get(feed.url + PATH, headers=sent, params=params)

    return send


@pytest.fixture
def walk(ask: Ask) -> Callable[..., list[dict[str, Any]]]:
    """Read all pages of a query and return the records."""

    def read(feed: LocalFeed, **query: Any) -> list[dict[str, Any]]:
        records: list[dict[str, Any]] = []
        after = None
        while True:
            response = ask(feed, after_id=after, **query)
            assert response.status_code == 200, response.text
            page = response.json()
            records += page["data"]
            after = page["last_id"]
            if not page["has_more"]:
                return records

    return read


@pytest.fixture
def activity() -> Callable[..., dict[str, Any]]:
    """A small handmade activity: `activity(3, type="claude_chat_viewed")` is the one of second 3."""

    def make(second: int = 0, **fields: Any) -> dict[str, Any]:
        return {
            "id": f"activity_{second:04d}",
            "created_at": f"2026-03-01T00:00:{second:02d}Z",
            "organization_id": "org_a",
            "organization_uuid": "00000000-0000-4000-8000-00000000000a",
            "actor": {"type": "user_actor", "user_id": "user_a", "email_address": "a@example.com"},
            "type": "claude_chat_created",
            **fields,
        }

    return make


@pytest.fixture
def directory() -> Directory:
    """A small directory of two organizations."""
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
def served(directory: Directory) -> Iterator[LocalFeed]:
    with LocalFeed(records=[], directory=directory, admin_organization=CONSOLE, own_reads=True) as feed:
        yield feed


@pytest.fixture
def get(client: httpx.Client) -> Ask:
    """One request: `get(feed, "/v1/organizations/users", limit=2)`, with the key for that path."""

    def send(
        feed: LocalFeed, path: str, key: str | None = None, version: str | None = "2023-06-01", **query: Any
    ) -> httpx.Response:
        chosen = feed.directory_key if path.startswith("/v1/compliance") else feed.admin_key
        headers = {"x-api-key": key or chosen} | ({"anthropic-version": version} if version else {})
        params = {name + ("[]" if isinstance(value, list) else ""): value for name, value in query.items()}
        return client.get(feed.url + path, headers=headers, params=params)

    return send
