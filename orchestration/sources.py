"""A source: what one key can see, by name, and how it is to be read."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import httpx
from pydantic import SecretStr

from orchestration.feed.client import RetryPolicy

LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Source:
    """What one key can see, by name, and how to read it."""

    name: str
    url: str
    key: SecretStr
    start: datetime | None = None
    settle: timedelta = timedelta(seconds=60)
    overlap: timedelta = timedelta(minutes=60)
    requests_per_minute: int = 300
    page_size: int = 5000
    concurrency: int = 4
    retry: RetryPolicy = field(default_factory=RetryPolicy)

    @property
    def host(self) -> str:
        """What tells one feed from another: the host, or `loopback` for any local feed."""
        host = httpx.URL(self.url).host
        return "loopback" if host in LOOPBACK else host
