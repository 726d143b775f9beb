"""The Activity Feed: the endpoint of its pages.

`responses` decides what a response means, `ingest.slice_reader` what a sequence of pages proves.
"""

from collections.abc import Callable
from datetime import datetime

from orchestration.api import body, responses
from orchestration.api.body import Page
from orchestration.api.client import ApiClient, Endpoint, Params, Receipt
from orchestration.intervals import rfc3339

FEED = Endpoint(
    path="/v1/compliance/activities",
    noun="feed",
    cut=body.cut,
    refusal=responses.refusal,
    cursors=lambda page: (page.first_id, page.last_id),
    too_large="The slice stays open; lower FEED_PAGE_SIZE and run again.",
)


class FeedClient(ApiClient):
    """Reads pages of one feed."""

    async def page(self, params: Params, receive: Callable[[Receipt], None]) -> Page:
        """One page; for retries and errors see `ApiClient.get`."""
        return await self.get(FEED, params, receive)

    async def anything_before(self, moment: datetime, receive: Callable[[Receipt], None]) -> bool:
        """Whether the feed has any activity before the moment."""
        page = await self.page({"created_at.lt": rfc3339(moment), "limit": "1"}, receive)
        return bool(page.data) or page.has_more
