"""Parses the parameters of `GET /v1/compliance/activities`.

Stricter than a real service: an unknown parameter or a scalar given twice is refused, so that a misspelt parameter
does not go unnoticed.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from local_feed.archive import Facet
from local_feed.instants import to_nanos
from local_feed.serving.cursors import make_cursor, open_cursor
from local_feed.serving.errors import Refusal
from local_feed.timeline import Key, Selection

_BOUNDS = ("created_at.gte", "created_at.gt", "created_at.lte", "created_at.lt")
_SCALARS = (*_BOUNDS, "limit", "after_id", "before_id", "order")
_LISTS = ("activity_types[]", "exclude_activity_types[]", "organization_ids[]", "actor_ids[]", "user_ids[]")
_ALWAYS = 2**62
DEFAULT_LIMIT = 100
MAX_LIMIT = 5_000


@dataclass(frozen=True)
class Query:
    """A parsed request: selection, order and position."""

    selection: Selection
    limit: int
    descending: bool
    fingerprint: str
    after: Key | None
    before: Key | None

    def cursor(self, key: Key | None) -> str | None:
        """The cursor for a position in this query's result."""
        return None if key is None else make_cursor(key, self.fingerprint)


def read_query(parameters: Iterable[tuple[str, str]], organization: str | None = None) -> Query:
    """Parse the parameters. `organization`: the only one that the key sees (None: all).

    Raises:
        Refusal: 400, the API does not allow a parameter.
    """
    scalars, lists = _sort_parameters(parameters)
    low, high = _bounds(scalars)
    wants = _filter(lists, organization)
    order = scalars.get("order", "desc")
    if order not in ("asc", "desc"):
        raise Refusal(400, "order: must be 'asc' or 'desc'")
    fingerprint = json.dumps([low, high, order, organization, {k: sorted(set(v)) for k, v in lists.items()}])
    if "after_id" in scalars and "before_id" in scalars:
        raise Refusal(400, "after_id, before_id: at most one of the two may be given")
    keys = {
        name: open_cursor(scalars[name], fingerprint, name) if name in scalars else None
        for name in ("after_id", "before_id")
    }
    return Query(
        selection=Selection(low, high, wants),
        limit=_limit(scalars.get("limit")),
        descending=order == "desc",
        fingerprint=fingerprint,
        after=keys["after_id"],
        before=keys["before_id"],
    )


def _sort_parameters(parameters: Iterable[tuple[str, str]]) -> tuple[dict[str, str], dict[str, list[str]]]:
    scalars: dict[str, str] = {}
    lists: dict[str, list[str]] = {}
    for name, value in parameters:
        if name in _LISTS:
            lists.setdefault(name, []).append(value)
        elif name not in _SCALARS:
            raise Refusal(400, f"{name}: unknown parameter")
        elif name in scalars:
            raise Refusal(400, f"{name}: may be given once")
        else:
            scalars[name] = value
    if "activity_types[]" in lists and "exclude_activity_types[]" in lists:
        raise Refusal(400, "activity_types[], exclude_activity_types[]: at most one of the two may be given")
    return scalars, dict(sorted(lists.items()))


def _limit(text: str | None) -> int:
    if text is None:
        return DEFAULT_LIMIT
    if not (text.isascii() and text.isdigit()) or not 1 <= int(text) <= MAX_LIMIT:
        raise Refusal(400, f"limit: must be a whole number from 1 to {MAX_LIMIT}")
    return int(text)


def _bounds(scalars: dict[str, str]) -> tuple[int, int]:
    low, high = -_ALWAYS, _ALWAYS
    for name in _BOUNDS:
        if name not in scalars:
            continue
        try:
            nanos = to_nanos(scalars[name])
        except ValueError as error:
            raise Refusal(400, f"{name}: must be a full RFC 3339 time with its zone") from error
        floor, ceiling = nanos // 1000, -(-nanos // 1000)
        match name:
            case "created_at.gte":
                low = max(low, ceiling)
            case "created_at.gt":
                low = max(low, floor + 1)
            case "created_at.lte":
                high = min(high, floor + 1)
            case _:
                high = min(high, ceiling)
    return low, high


class _Filter:
    def __init__(self, lists: dict[str, list[str]], organization: str | None) -> None:
        self.only = frozenset(lists.get("activity_types[]", ()))
        self.without = frozenset(lists.get("exclude_activity_types[]", ()))
        self.organizations = frozenset(lists.get("organization_ids[]", ()))
        self.users = frozenset(lists.get("actor_ids[]", []) + lists.get("user_ids[]", []))
        self.organization = organization

    def __call__(self, facet: Facet) -> bool:
        own = {facet.organization_id, facet.organization_uuid} - {None}
        return (
            (not self.only or facet.activity_type in self.only)
            and facet.activity_type not in self.without
            and (not self.users or facet.user_id in self.users)
            and (not own or self.organization is None or self.organization in own)
            and (not own or not self.organizations or bool(own & self.organizations))
        )


def _filter(lists: dict[str, list[str]], organization: str | None) -> _Filter | None:
    return _Filter(lists, organization) if lists or organization is not None else None
