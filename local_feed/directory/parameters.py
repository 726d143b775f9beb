"""Parses the parameters of a directory request. As strict as the feed: unknown and repeated ones are refused."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from local_feed.directory.endpoints import Endpoint
from local_feed.directory.usage import DIMENSIONS
from local_feed.instants import DAY, to_micros
from local_feed.serving.errors import Refusal

_CURSORS = {"page": ("page",), "cursor": ("after_id", "before_id"), "usage": ("page",)}
_USAGE_LISTS = {
    "account_ids[]": "account_id",
    "api_key_ids[]": "api_key_id",
    "models[]": "model",
    "service_account_ids[]": "service_account_id",
    "workspace_ids[]": "workspace_id",
}
_USAGE_NAMES = ("starting_at", "ending_at", "bucket_width", "group_by[]", *_USAGE_LISTS)


@dataclass(frozen=True)
class Parameters:
    """A request's parameters. `given`: all but the cursors and the limit, which may change between pages."""

    limit: int
    cursors: dict[str, str] = field(default_factory=dict)
    given: dict[str, list[str]] = field(default_factory=dict)

    def flag(self, name: str) -> bool:
        """Whether a yes-or-no parameter is `true`."""
        return self.given.get(name) == ["true"]


def read_parameters(endpoint: Endpoint, pairs: Iterable[tuple[str, str]]) -> Parameters:
    """Parse the parameters of a request to a path.

    Raises:
        Refusal: 400, the API does not allow a parameter or its value.
    """
    has_pages = endpoint.paging in _CURSORS
    cursors = _CURSORS.get(endpoint.paging, ())
    known = {*endpoint.filters, *endpoint.flags, *(_USAGE_NAMES if endpoint.paging == "usage" else ())}
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        if name not in known and not (has_pages and name in (*cursors, "limit")):
            raise Refusal(400, f"{name}: unknown parameter")
        if name in values and not name.endswith("[]"):
            raise Refusal(400, f"{name}: may be given once")
        if name in endpoint.flags and value not in ("true", "false"):
            raise Refusal(400, f"{name}: must be true or false")
        values.setdefault(name, []).append(value)
    if len(cursors) == 2 and all(name in values for name in cursors):
        raise Refusal(400, "after_id, before_id: at most one of the two may be given")
    limit = _limit(values.pop("limit", None), endpoint.limits)
    sent = {name: values.pop(name)[0] for name in cursors if name in values}
    return Parameters(limit, sent, dict(sorted(values.items())))


def _limit(values: list[str] | None, limits: tuple[int, int]) -> int:
    default, most = limits
    if values is None:
        return default
    [text] = values
    if not (text.isascii() and text.isdigit()) or not 1 <= int(text) <= most:
        raise Refusal(400, f"limit: must be a whole number from 1 to {most}")
    return int(text)


@dataclass(frozen=True)
class UsageQuery:
    """The days of a usage report, its grouping, and the values that rows must have."""

    first: date
    last: date
    group_by: frozenset[str]
    only: dict[str, list[str]]


def usage_query(parameters: Parameters, now: float) -> UsageQuery:
    """The days `[starting_at, ending_at)` of a request for daily buckets; without an end, up to today.

    Raises:
        Refusal: 400, a time, the width of buckets or a group is not valid.
    """
    given = parameters.given
    if given.get("bucket_width", ["1d"]) != ["1d"]:
        raise Refusal(400, "bucket_width: this server has daily buckets (1d) only")
    if "starting_at" not in given:
        raise Refusal(400, "starting_at: is required")
    groups = frozenset(given.get("group_by[]", ()))
    # `speed` may be asked for, and results have no field for it.
    if unknown := groups - {*DIMENSIONS, "speed"}:
        raise Refusal(400, f"group_by[]: unknown group {min(unknown)}")
    first = _time("starting_at", given["starting_at"][0])
    last = _time("ending_at", given["ending_at"][0]) if "ending_at" in given else round(now * 1e6)
    if last <= first:
        raise Refusal(400, "ending_at: must be later than starting_at")
    only = {field: given[name] for name, field in _USAGE_LISTS.items() if name in given}
    return UsageQuery(_day(first), _day(last - 1), groups, only)


def _time(name: str, text: str) -> int:
    try:
        return to_micros(text)
    except ValueError as error:
        raise Refusal(400, f"{name}: must be a full RFC 3339 time with its zone") from error


def _day(micros: int) -> date:
    return datetime.fromtimestamp(micros // DAY * 86_400, UTC).date()
