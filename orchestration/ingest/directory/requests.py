"""The requests of one source to the directory: a client for each of the two APIs, each with its budget."""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from datetime import timedelta
from types import TracebackType
from typing import Any, Self

from orchestration.api.client import ApiClient
from orchestration.api.endpoint import Answer, Endpoint, Params, Receipt
from orchestration.api.errors import ClocksDiffer
from orchestration.api.rate_limit import RequestBudget
from orchestration.config.sources import Source
from orchestration.ingest.directory.lists import Api
from orchestration.ingest.directory.walk import Get
from orchestration.ingest.due import CLOCK_TOLERANCE, MAX_CLOCK_DIFFERENCE
from orchestration.landing.walk import Walk

# Below this share of the organization's limit the directory leaves what remains to the feed.
FLOOR = 0.25


class BudgetLow(Exception):
    """The remaining requests of the minute are reserved for the feed, or the time of the run is used up."""


class Requests:
    """Asks the directory of one source. Used as an async context manager.

    `receipts` are of requests to the Compliance API: the feed reports each of these reads by its request id. It
    reports no id of a read of the Admin API.
    """

    def __init__(self, source: Source, budgets: Mapping[Api, RequestBudget]) -> None:
        self._source = source
        self._budgets = budgets
        self._clients: dict[Api, ApiClient] = {}
        self._stack = AsyncExitStack()
        # Objects that hold more than one list, by path, each with the walk that requested it.
        self._objects: dict[str, tuple[Any, Walk]] = {}
        self.receipts: list[Receipt] = []
        self.count = 0

    async def __aenter__(self) -> Self:
        for api, budget in self._budgets.items():
            client = ApiClient(
                self._source.url,
                self._source.key,
                requests_per_minute=self._source.requests_per_minute,
                retry=self._source.retry,
                budget=budget,
            )
            self._clients[api] = await self._stack.enter_async_context(client)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    def getter(self, api: Api, walk: Walk) -> Get:
        """The function that requests a walk's pages. It raises `BudgetLow` where the feed needs what is left."""
        budget, client = self._budgets[api], self._clients[api]

        def receive(receipt: Receipt) -> None:
            self.count += 1
            walk.last_request_id = receipt.request_id
            if api is Api.COMPLIANCE:
                self.receipts.append(receipt)

        async def get(endpoint: Endpoint[Answer], params: Params) -> Answer:
            if endpoint.path in self._objects:
                answer, first = self._objects[endpoint.path]
                walk.started_at, walk.last_request_id = first.started_at, first.last_request_id
                return answer
            share = budget.remaining_share
            if api is Api.COMPLIANCE and share is not None and share < FLOOR:
                raise BudgetLow(f"Only {max(share, 0):.0%} of the organization's requests are left, for the feed.")
            answer = await client.get(endpoint, params, receive)
            if not walk.page_count:
                _follow_the_apis_clock(client.clock_ahead, walk)
            if isinstance(answer, bytes):
                self._objects[endpoint.path] = answer, walk
            return answer

        return get


def _follow_the_apis_clock(ahead: timedelta | None, walk: Walk) -> None:
    """Walks and events are put in order by their times, so those of walks are the API's, however ours is set.

    Raises:
        ClocksDiffer: nothing says which of the two clocks is wrong.
    """
    if ahead is None or abs(ahead) <= CLOCK_TOLERANCE:
        return
    if abs(ahead) > MAX_CLOCK_DIFFERENCE:
        raise ClocksDiffer(
            f"This machine's clock and the directory's date are {abs(ahead).days} days apart, so nothing was "
            "stored. Correct the clock; if it is right, a proxy on the way or the API sends a wrong date."
        )
    walk.started_at -= ahead
