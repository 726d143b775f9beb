"""One walk: a list of the directory read to its end below one parent, or failed."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import quote

from orchestration.api import responses
from orchestration.api.body import Unreadable
from orchestration.api.endpoint import Answer, Endpoint, Params
from orchestration.api.errors import FeedProtocolError
from orchestration.api.lists import ListPage, cut_array, cut_list, cut_object, values
from orchestration.ingest.directory.lists import DirectoryList, Paging
from orchestration.landing.walk import Walk

# A list that does not end is not followed further: two million items in pages of 1,000.
MAX_PAGES = 2000


class Get(Protocol):
    """Asks for one answer; keeps its receipt, and raises where the budget is low."""

    async def __call__(self, endpoint: Endpoint[Answer], params: Params) -> Answer: ...


@dataclass(frozen=True, slots=True)
class Place:
    """A list below one parent. `ids` are the ids of the items above it, by the names of their lists."""

    list: DirectoryList
    ids: Mapping[str, str] = field(default_factory=dict)

    @property
    def parent_id(self) -> str | None:
        """The id of the item that it is below, as the ledger has it."""
        return None if self.list.is_shared or not self.list.parent else self.ids[self.list.parent]

    @property
    def path(self) -> str:
        """The path; ids are quoted, so that none can lead elsewhere."""
        return self.list.path.format_map({name: quote(value, safe="") for name, value in self.ids.items()})

    @property
    def key(self) -> tuple[str, str | None]:
        """What distinguishes its walks from others in the ledger."""
        return self.list.name, self.parent_id


def list_endpoint(path: str) -> Endpoint[ListPage]:
    """The endpoint of a list that comes in pages."""
    return Endpoint(
        path=path,
        noun="directory",
        cut=cut_list,
        refusal=responses.list_refusal,
        cursors=lambda page: page.cursors,
        too_large="Nothing of the list was stored.",
    )


def object_endpoint(path: str) -> Endpoint[bytes]:
    """The endpoint of a list that is, or is in, one object."""
    return Endpoint(
        path=path,
        noun="directory",
        cut=_checked_object,
        refusal=responses.list_refusal,
        cursors=lambda _: (),
        too_large="Nothing of it was stored.",
    )


def _checked_object(body: bytes) -> bytes:
    cut_object(body)
    return body.strip()


async def read_walk(get: Get, place: Place, walk: Walk) -> list[dict[str, Any]]:
    """Read the list to its end into the walk. Returns its items as Python has them.

    Raises:
        FeedError: as `ApiClient.get`, and where the pages go in a circle, claim more and give none, do not end, or
            hold an item that nothing names.
    """
    items: list[dict[str, Any]] = []
    if place.list.paging is Paging.ONE_OBJECT:
        body = await get(object_endpoint(place.path), place.list.params)
        walk.page_count += 1
        _take(walk, place, _parts(place.list, body), items)
        return items
    async for page in pages(get, place.path, place.list.params, place.list.paging):
        walk.page_count += 1
        _take(walk, place, page.items, items)
    return items


def _parts(one: DirectoryList, body: bytes) -> list[bytes]:
    if one.part is None:
        return [body]
    try:
        return cut_array(cut_object(body)[one.part])
    except KeyError:
        raise FeedProtocolError(f"The directory sent an object without {one.part}.") from None
    except Unreadable as error:
        raise FeedProtocolError(f"The directory sent {one.part} that cannot be read ({error}).") from None


def _take(walk: Walk, place: Place, parts: list[bytes], items: list[dict[str, Any]]) -> None:
    for part in parts:
        try:
            # If a name occurs twice, DuckDB reads the first and Python the last.
            cut_object(part)
            item = values(part)
        except Unreadable as error:
            raise FeedProtocolError(f"The directory sent an item that cannot be read ({error}).") from None
        item_id = place.list.item_id(item) if place.list.item_id else place.parent_id
        if not isinstance(item_id, str) or not item_id:
            raise FeedProtocolError("The directory sent an item without an id.")
        walk.add(item_id, part)
        items.append(item)


async def pages(get: Get, path: str, params: Params, paging: Paging) -> AsyncIterator[ListPage]:
    """The pages of a list. When the iteration ends without an error, the list was read to its end.

    Short and empty pages are not the end: only the absence of a token, or `has_more: false`, is.
    """
    endpoint, query = list_endpoint(path), params
    cursors: set[str] = set()
    contents: set[int] = set()
    for _ in range(MAX_PAGES):
        page = await get(endpoint, query)
        content = hash(frozenset(page.items))
        if page.items and content in contents:
            raise FeedProtocolError("The directory sent the same page twice.")
        contents.add(content)
        yield page
        cursor = next_cursor(page, paging, is_full=len(page.items) >= int(str(params.get("limit", 1))))
        if cursor is None:
            return
        if cursor in cursors:
            raise FeedProtocolError("The directory sent the same cursor twice.")
        cursors.add(cursor)
        query = {**params, str(paging): cursor}
    raise FeedProtocolError(f"The list did not come to an end within {MAX_PAGES:,} pages.")


def next_cursor(page: ListPage, paging: Paging, *, is_full: bool) -> str | None:
    """The cursor of the next page; None after the last.

    By id, a full page that claims to be the last is followed by one more request, as in the feed.
    """
    if paging is Paging.PAGE_TOKEN:
        cursor, is_end = page.next_page, not page.next_page and not page.has_more
    else:
        cursor, is_end = page.last_id, page.has_more is False and not is_full
    if is_end:
        return None
    if not cursor:
        raise FeedProtocolError("The directory claims that more follows, and does not say where.")
    return cursor
