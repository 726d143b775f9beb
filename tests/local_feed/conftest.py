"""Feeds, and functions that request pages of them. The history is rendered once for all tests."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from local_feed import LocalFeed

SIZE, SEED = 1_500, 7
PATH = "/v1/compliance/activities"

Ask = Callable[..., httpx.Response]


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
