"""The usage report of closed days: a page holds a bucket for each day, and a bucket the rows of its day."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from orchestration.api.body import Unreadable
from orchestration.api.errors import FeedProtocolError
from orchestration.api.lists import cut_array, cut_object, values
from orchestration.ingest.directory.walk import Get, Place, pages
from orchestration.landing.key_usage import COUNTS, NAMES
from orchestration.landing.walk import Walk

# How much of the past the first reading asks for.
FIRST_DAYS = 90
# For this long a stored day is read again, because its figures may still be revised.
REVISED_DAYS = 3
# The sum over a row stays within what the warehouse can hold.
_TOO_MANY = 2**48


def due_days(last_day: str | None, today: date | None = None) -> list[date]:
    """The closed days (UTC) to read, oldest first: those since the last stored one, and the few before."""
    today = today or datetime.now(UTC).date()
    yesterday = today - timedelta(days=1)
    first = date.fromisoformat(last_day) - timedelta(days=REVISED_DAYS - 1) if last_day else None
    first = min(first or today - timedelta(days=FIRST_DAYS), yesterday)
    return [first + timedelta(days=number) for number in range((yesterday - first).days + 1)]


async def read_usage(get: Get, place: Place, days: Mapping[date, Walk]) -> None:
    """Read the report of the days into their walks; a day without a bucket has no usage.

    Raises:
        FeedError: as `walk.pages`, and where a bucket or a row cannot be read.
    """
    bounds = {"starting_at": _midnight(min(days)), "ending_at": _midnight(max(days) + timedelta(days=1))}
    try:
        async for page in pages(get, place.path, {**place.list.params, **bounds}, place.list.paging):
            for walk in days.values():
                walk.page_count += 1
            for bucket in page.items:
                _take(bucket, place, days)
    except Unreadable as error:
        raise FeedProtocolError(f"The usage report holds what cannot be read ({error}).") from None


def _take(bucket: bytes, place: Place, days: Mapping[date, Walk]) -> None:
    day = _day_of(values(bucket))
    if day not in days:
        return
    for row in cut_array(cut_object(bucket).get("results", b"[]")):
        cut_object(row)
        _require_counts(values(row))
        item_id = place.list.item_id(values(row)) if place.list.item_id else ""
        days[day].add(item_id, row)


def _require_counts(row: Mapping[str, Any]) -> None:
    """Refuse what could not be stored as it is documented: texts, and whole numbers of at most 63 bits."""
    details = row.get("cache_creation") or {}
    counts = [row.get(name) or 0 for name in COUNTS.values()]
    if not isinstance(details, dict):
        raise Unreadable("cache_creation that is not an object")
    if any(type(one) is not int or not 0 <= one < _TOO_MANY for one in (*counts, *details.values())):
        raise Unreadable("a count that is not a whole number")
    if any(not isinstance(row.get(name), str | None) for name in NAMES):
        raise Unreadable("an id that is not text")


def _day_of(bucket: Mapping[str, Any]) -> date | None:
    try:
        moment = datetime.fromisoformat(str(bucket.get("starting_at")))
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).date()
    except (ValueError, OverflowError):
        raise FeedProtocolError("The usage report holds a bucket without a readable time.") from None


def _midnight(day: date) -> str:
    return f"{day}T00:00:00Z"
