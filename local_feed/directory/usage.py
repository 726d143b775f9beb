"""The usage report of the Admin API: token counts by UTC day, grouped as the request asks."""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date

DIMENSIONS = (
    "account_id",
    "api_key_id",
    "context_window",
    "inference_geo",
    "model",
    "service_account_id",
    "service_tier",
    "workspace_id",
)


@dataclass(frozen=True)
class UsageRow:
    """Inference of one day by one key, with one model. `api_key_id` None: without a key."""

    api_key_id: str | None
    workspace_id: str | None = None
    model: str | None = "claude-opus-4-6"
    account_id: str | None = None
    service_account_id: str | None = None
    context_window: str | None = "0-200k"
    inference_geo: str | None = "global"
    service_tier: str | None = "standard"
    uncached_input_tokens: int = 0
    cache_read_input_tokens: int = 0
    ephemeral_5m_input_tokens: int = 0
    ephemeral_1h_input_tokens: int = 0
    output_tokens: int = 0
    web_search_requests: int = 0


@dataclass
class Usage:
    """Rows by organization and day: those added, and where there are none those of `source`.

    `source`: gives the rows of an organization's day.
    """

    source: Callable[[str, date], list[UsageRow]] | None = None
    _rows: dict[tuple[str, date], list[UsageRow]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, organization: str, day: str, *rows: UsageRow) -> None:
        """Add rows to a day (`2026-05-03`) of an organization."""
        with self._lock:
            self._rows.setdefault((organization, date.fromisoformat(day)), []).extend(rows)

    def replace(self, organization: str, day: str, *rows: UsageRow) -> None:
        """Set the rows of a day, as if the report was revised."""
        with self._lock:
            self._rows[organization, date.fromisoformat(day)] = [*rows]

    def rows(self, organization: str, day: date) -> list[UsageRow]:
        """The rows of a day."""
        with self._lock:
            if (organization, day) in self._rows:
                return [*self._rows[organization, day]]
        return self.source(organization, day) if self.source is not None else []


def grouped(rows: Iterable[UsageRow], group_by: frozenset[str]) -> list[dict[str, object]]:
    """The rows as results of a bucket: added up by the fields of `group_by`, every other field null."""
    groups: dict[tuple[str | None, ...], list[UsageRow]] = {}
    for row in rows:
        values = tuple(getattr(row, name) if name in group_by else None for name in DIMENSIONS)
        groups.setdefault(values, []).append(row)
    return [_result(values, groups[values]) for values in sorted(groups, key=str)]


def _result(values: tuple[str | None, ...], rows: list[UsageRow]) -> dict[str, object]:
    def total(name: str) -> int:
        return sum(getattr(row, name) for row in rows)

    return {
        "uncached_input_tokens": total("uncached_input_tokens"),
        "cache_creation": {
            "ephemeral_1h_input_tokens": total("ephemeral_1h_input_tokens"),
            "ephemeral_5m_input_tokens": total("ephemeral_5m_input_tokens"),
        },
        "cache_read_input_tokens": total("cache_read_input_tokens"),
        "output_tokens": total("output_tokens"),
        "server_tool_use": {"web_search_requests": total("web_search_requests")},
        **dict(zip(DIMENSIONS, values, strict=True)),
    }
