"""A source (what one key can see) with how to read it, and the limits of one run."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import httpx
from pydantic import SecretStr

from orchestration.api.client import RetryPolicy
from orchestration.intervals import DEFAULT_OVERLAP, DEFAULT_SETTLE

ADMIN_KEY_PREFIX = "sk-ant-admin"
LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Source:
    """What one key can see, by name, and how to read it.

    Sources that name the same `budget` share one: its requests a minute are counted together. `fault` says why
    the source cannot be read as it is configured (its key is missing); the others are read all the same.
    `directory`: whether the directory is read with the key, where the key can. The Admin API has a budget of its
    own, `admin_requests_per_minute` of an organization.
    """

    name: str
    url: str
    key: SecretStr
    start: datetime | None = None
    settle: timedelta = DEFAULT_SETTLE
    overlap: timedelta = DEFAULT_OVERLAP
    requests_per_minute: int = 300
    page_size: int = 5000
    concurrency: int = 4
    budget: str | None = None
    fault: str | None = None
    directory: bool = True
    admin_requests_per_minute: int = 100
    retry: RetryPolicy = field(default_factory=RetryPolicy)

    @property
    def host(self) -> str:
        """What distinguishes one feed from another: the host, or `loopback` for any local feed."""
        host = httpx.URL(self.url).host
        return "loopback" if host in LOOPBACK else host

    @property
    def budget_key(self) -> str:
        """Sources with the same key share their requests; one without a shared budget has its own."""
        return f"shared {self.budget}" if self.budget else f"own {self.name}"

    @property
    def is_admin(self) -> bool:
        """Whether the key is one of the Admin API, which opens no list of the Compliance API."""
        return self.key.get_secret_value().startswith(ADMIN_KEY_PREFIX)


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much one run may do.

    `backfill_time`: after so long no further slice of older history is begun (None: no end). A reconciliation
    reads the last `reconcile_days` again, and of older days as many as `reconcile_requests` allow for all sources
    together, so that each is read again every `reconcile_every`. A directory walk that lacks more than
    `max_gone_percent` of its items without events that say so is refused.
    """

    backfill_time: timedelta | None = None
    reconcile_days: int = 7
    reconcile_requests: int = 2000
    reconcile_every: timedelta = timedelta(days=90)
    max_gone_percent: int = 10
