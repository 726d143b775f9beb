"""A slice page by page: when it is complete, and when it is not."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from local_feed import LocalFeed
from orchestration.api.feed import FeedClient
from orchestration.ingest.slice_reader import frozen_query, read_slice
from orchestration.intervals import Kind, Slice
from tests.conftest import QUICK_RETRIES
from tests.histories import activity

DAY = datetime(2026, 5, 1, tzinfo=UTC)


def record(n: int, at: datetime | None = None) -> dict[str, Any]:
    return activity(f"activity_{n:03}", at or DAY + timedelta(minutes=n))


def extracted(feed: LocalFeed, page_size: int) -> list[list[bytes]]:
    async def pages() -> list[list[bytes]]:
        query = frozen_query(Slice(Kind.BACKFILL, DAY, DAY + timedelta(days=1)), page_size)
        async with FeedClient(
            feed.url, SecretStr(feed.key), requests_per_minute=1000, retry=QUICK_RETRIES
        ) as client:
            return [[bytes(one) for one in page.data] async for page in read_slice(client, query, lambda _: None)]

    return asyncio.run(pages())


@pytest.mark.parametrize("count", [0, 1, 9, 10, 11, 20, 25])
def test_every_record_of_the_slice_once_in_feed_order(count: int):
    with LocalFeed(records=[record(n) for n in range(count)]) as feed:
        pages = extracted(feed, 10)
        assert [text for page in pages for text in page] == [text for _, text in feed.records()]


def test_ties_across_a_page_boundary_are_all_there():
    with LocalFeed(records=[record(n, at=DAY) for n in range(25)]) as feed:
        assert sum(map(len, extracted(feed, 10))) == 25


def test_the_end_of_the_slice_is_outside_and_the_start_inside():
    with LocalFeed(records=[record(0, DAY), record(1, DAY + timedelta(days=1))]) as feed:
        assert sum(map(len, extracted(feed, 10))) == 1


def test_parameters_stay_the_same_on_every_page():
    with LocalFeed(records=[record(n) for n in range(25)]) as feed:
        extracted(feed, 10)
        frozen = [
            [(name, value) for name, value in seen.parameters if name != "after_id"] for seen in feed.requests
        ]
        assert frozen == [frozen[0]] * 3
