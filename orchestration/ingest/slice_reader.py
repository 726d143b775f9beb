"""Reading one slice page by page, with frozen parameters, until it is proven complete."""

import logging
from collections.abc import AsyncIterator, Callable, Sequence

from orchestration.api.body import Page
from orchestration.api.endpoint import Params, Receipt
from orchestration.api.errors import FeedProtocolError, RequestRefused
from orchestration.api.feed import FeedClient
from orchestration.intervals import Interval, Slice, rfc3339

# One extract reads no more pages: 10 million activities in pages of 5,000. A slice that really holds more is cut
# smaller for the next attempt; a feed that never ends is not followed.
MAX_PAGES = 2000

log = logging.getLogger(__name__)


def frozen_query(
    time_slice: Slice | Interval, page_size: int, activity_types: Sequence[str] = ()
) -> dict[str, str | list[str]]:
    """The parameters of every page of the extract; only the cursor is added to them. No types: all of them."""
    query: dict[str, str | list[str]] = {
        "created_at.gte": rfc3339(time_slice.start),
        "created_at.lt": rfc3339(time_slice.end),
        "limit": str(page_size),
    }
    if activity_types:
        query["activity_types[]"] = list(activity_types)
    return query


async def read_slice(client: FeedClient, query: Params, receive: Callable[[Receipt], None]) -> AsyncIterator[Page]:
    """The pages of the slice, newest first. When the iteration ends without an error, the slice is complete.

    The proof is a page that says `has_more: false`, and one more request where that page was full. An end that is
    said too soon on a page that is not full cannot be seen from here; reading the time again finds what it hid.

    A cursor can expire. Where one is refused, the extract begins again at the first page, once: its records come
    again, and landing knows them by their ids.

    Raises:
        FeedError: as `FeedClient.page`, and when the answers go in a circle, claim more and give none, or do not
            end within `MAX_PAGES`.
    """
    limit = int(str(query["limit"]))
    cursors: set[str] = set()
    contents: set[int] = set()
    page_count = 0
    is_second_try = False
    params: Params = query
    while True:
        try:
            page = await client.page(params, receive)
        except RequestRefused as error:
            if is_second_try or params is query:
                raise
            log.warning("Feed: %s The cursor may have expired: the slice is read from its beginning.", error)
            is_second_try, params = True, query
            cursors.clear()
            contents.clear()
            continue
        # Most slices have one page, which is compared with nothing.
        if contents and page.data and _content(page) in contents:
            raise FeedProtocolError(
                "The feed sent the same page under two cursors. The slice stays open; run again."
            )
        page_count += 1
        yield page
        if not page.has_more and len(page.data) < limit:
            return
        if page.has_more and not page.data:
            raise FeedProtocolError(
                "The feed sent an empty page that claims more. The slice stays open; run again."
            )
        if page.last_id is None or page.last_id in cursors:
            raise FeedProtocolError(
                "The feed sent the same cursor twice or none. The slice stays open; run again."
            )
        if page_count >= MAX_PAGES:
            raise FeedProtocolError(
                f"The feed did not come to an end within {page_count:,} pages. The slice stays open and is read "
                "again in smaller parts; if that fails too, contact the feed's support."
            )
        cursors.add(page.last_id)
        contents.add(_content(page))
        params = {**query, "after_id": page.last_id}


def _content(page: Page) -> int:
    """A hash of the page's records, in whatever order they are."""
    return hash(frozenset(map(bytes, page.data)))
