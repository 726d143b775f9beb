"""Cuts pages out of the directory's lists, by page token, by id, and by day for the usage report.

A page token is a position in its list, so a list that changes during a walk neither repeats nor skips an item.
"""

import json
from dataclasses import dataclass, field
from datetime import date, timedelta

from local_feed.directory.endpoints import Endpoint
from local_feed.directory.parameters import Parameters, usage_query
from local_feed.directory.shapes import SHAPES, Item
from local_feed.directory.state import Directory, Position
from local_feed.directory.usage import grouped
from local_feed.serving.cursors import make_cursor, open_cursor
from local_feed.serving.errors import Refusal

_BEFORE_ALL: Position = ("", "")
_DAY = timedelta(days=1)


@dataclass
class ListPage:
    """The items of one page in the order of the response.

    `start`: the position that the page begins after; `end`: the one that the next page begins after;
    `previous`: the last item of the page before; `empty_pages`: how many empty pages led here.
    """

    items: list[Item] = field(default_factory=list)
    positions: list[Position] = field(default_factory=list)
    has_more: bool = False
    start: Position | None = None
    end: Position | None = None
    previous: list[Item] = field(default_factory=list)
    empty_pages: int = 0

    def shorten(self, count: int) -> None:
        """Keep only the first `count` items. The next page begins after them."""
        self.has_more = self.has_more or count < len(self.items)
        self.end = self.positions[count - 1] if count else self.start
        self.empty_pages += not count
        self.items, self.positions = self.items[:count], self.positions[:count]

    def envelope(self, listing: "Listing") -> dict[str, object]:
        """The body of the response."""
        endpoint = listing.endpoint
        if endpoint.paging == "cursor":
            id_field = SHAPES[endpoint.list_name].id_fields[0]
            ids = [item[id_field] for item in self.items] or [None]
            return {"data": self.items, "first_id": ids[0], "last_id": ids[-1], "has_more": self.has_more}
        token = None
        if self.has_more:
            content = json.dumps(self.end or _BEFORE_ALL)
            token = make_cursor((self.empty_pages, content, 0), listing.fingerprint())
        return {"data": self.items, "has_more": self.has_more, "next_page": token}


@dataclass(frozen=True)
class Listing:
    """A list as one request asks for it. `key_sees`: the only organization that the key sees (None: all)."""

    directory: Directory
    endpoint: Endpoint
    parent: str | None
    parameters: Parameters
    key_sees: str | None = None

    def page(self) -> ListPage:
        """The page that the request asks for.

        Raises:
            Refusal: 400, the cursor is not valid.
        """
        cursors = self.parameters.cursors
        with self.directory.lock():
            if "before_id" in cursors:
                rows, has_more = self._cut(self._known("before_id"), backwards=True)
                rows.reverse()
                return ListPage([item for _, item in rows], [position for position, _ in rows], has_more)
            page = ListPage()
            if "page" in cursors:
                page.start, page.empty_pages = self.opened()
            elif "after_id" in cursors:
                page.start = self._known("after_id")
            rows, page.has_more = self._cut(page.start)
            page.positions, page.items = [row[0] for row in rows], [row[1] for row in rows]
            page.end = page.positions[-1] if rows else page.start
            if page.start is not None:
                page.previous = self._last_before(page.start)
            return page

    def opened(self) -> tuple[Position | None, int]:
        """The position in the page token that was sent, and how many empty pages led to it; None: from the first.

        Raises:
            Refusal: 400, the token is not valid or belongs to another list.
        """
        token = self.parameters.cursors.get("page")
        if token is None:
            return None, 0
        empty_pages, content, _ = open_cursor(token, self.fingerprint(), "page")
        order, item_id = json.loads(content)
        return ((order, item_id) if (order, item_id) != _BEFORE_ALL else None), empty_pages

    def fingerprint(self) -> str:
        """What a page token is bound to: the list, its filters, and what the key sees."""
        return json.dumps([self.endpoint.path, self.parent, self.key_sees, self.parameters.given])

    def _known(self, name: str) -> Position:
        item_id = self.parameters.cursors[name]
        position = self.directory.position(self.endpoint.list_name, item_id, self.parent)
        if position is None:
            raise Refusal(400, f"{name}: is not an id of this list")
        return position

    def _last_before(self, position: Position) -> list[Item]:
        """The item at a position or, if it is gone, the last one before it."""
        backwards = self.directory.walk(self.endpoint.list_name, self.parent, position, backwards=True)
        at = self.directory.get(self.endpoint.list_name, position[1], self.parent)
        return [at] if at is not None else [item for _, item in backwards if self._fits(item)][:1]

    def _cut(self, start: Position | None, *, backwards: bool = False) -> tuple[list[tuple[Position, Item]], bool]:
        rows: list[tuple[Position, Item]] = []
        for position, item in self.directory.walk(
            self.endpoint.list_name, self.parent, start, backwards=backwards
        ):
            if self._fits(item):
                if len(rows) == self.parameters.limit:
                    return rows, True
                rows.append((position, item))
        return rows, False

    def _fits(self, item: Item) -> bool:
        given = self.parameters.given
        if self.endpoint.list_name == "organizations" and self.key_sees not in (None, item["uuid"]):
            return False
        if self.endpoint.list_name == "workspaces":
            is_default = item["id"] in self.directory.default_workspaces
            if is_default and not self.parameters.flag("include_default"):
                return False
            if item["archived_at"] is not None and not self.parameters.flag("include_archived"):
                return False
        return all(fits(item, given[name]) for name, fits in self.endpoint.filters.items() if name in given)


def usage_page(listing: Listing, now: float) -> ListPage:
    """A page of daily buckets. The position of a bucket is its day.

    Raises:
        Refusal: 400, a parameter or the page token is not valid.
    """
    query = usage_query(listing.parameters, now)
    start, empty_pages = listing.opened()
    page = ListPage(start=start, end=start, empty_pages=empty_pages)
    day = query.first if start is None else date.fromisoformat(start[0]) + _DAY
    while day <= query.last and len(page.items) < listing.parameters.limit:
        rows = [
            row
            for row in listing.directory.usage.rows(str(listing.parent), day)
            if all(getattr(row, name) in values for name, values in query.only.items())
        ]
        bucket: Item = {
            "starting_at": f"{day}T00:00:00Z",
            "ending_at": f"{day + _DAY}T00:00:00Z",
            "results": grouped(rows, query.group_by),
        }
        page.items.append(bucket)
        page.positions.append((str(day), ""))
        day += _DAY
    page.has_more = day <= query.last
    page.end = page.positions[-1] if page.positions else start
    return page
