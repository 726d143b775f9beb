"""Reading one slice page by page, with frozen parameters, until it is proven complete."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence

from orchestration.api.body import Page
from orchestration.api.client import FeedClient, Receipt
from orchestration.api.errors import FeedProtocolError, RequestRefused
from orchestration.intervals import Interval, Slice, rfc3339

log = logging.getLogger(__name__)


# A parameter that is repeated is a list.
Params = Mapping[str, str | list[str]]


def frozen_query(
    piece: Slice | Interval, page_size: int, activity_types: Sequence[str] = ()
) -> dict[str, str | list[str]]:
    """The parameters of every page of the walk; only the cursor is added to them. No types: all of them."""
    query: dict[str, str | list[str]] = {
        "created_at.gte": rfc3339(piece.start),
        "created_at.lt": rfc3339(piece.end),
        "limit": str(page_size),
    }
    if activity_types:
        query["activity_types[]"] = list(activity_types)
    return query


async def walk(client: FeedClient, query: Params, receive: Callable[[Receipt], None]) -> AsyncIterator[Page]:
    """The pages of the slice, newest first. When the iteration ends without an error, the slice is complete.

    The proof is a page that says `has_more: false`, and one more request where that page was full. An end that is
    told too soon on a page that is not full cannot be seen from here; reading the time again finds what it hid.

    A cursor can expire. Where one is refused, the walk begins anew from the first page, once: its records come
    again, and landing knows them by their ids.

    Raises:
        FeedError: as `FeedClient.page`, and when the answers go in a circle or claim more and give none.
    """
    limit = int(str(query["limit"]))
    cursors: set[str] = set()
    before: Page | None = None
    is_anew = False
    params: Params = query
    while True:
        try:
            page = await client.page(params, receive)
        except RequestRefused as error:
            if is_anew or params is query:
                raise
            log.warning("Feed: %s The cursor may have expired: the slice is read from its beginning.", error)
            is_anew, params, before = True, query, None
            cursors.clear()
            continue
        if before and page.data and page.data == before.data:
            raise FeedProtocolError(
                "The feed sent the same page under two cursors. The slice stays open; run again."
            )
        before = page
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
        cursors.add(page.last_id)
        params = {**query, "after_id": page.last_id}
