"""One page over real HTTP: what is retried, for how long, and what the operator reads."""

import asyncio
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from local_feed import LocalFeed
from orchestration.api.body import Page
from orchestration.api.endpoint import Receipt
from orchestration.api.feed import FeedClient
from orchestration.api.rate_limit import RequestBudget
from tests.conftest import QUICK_RETRIES
from tests.histories import FIRST_DAY, activity

RECORDS = [activity(f"activity_{n}", FIRST_DAY + timedelta(seconds=n)) for n in range(3)]


def read(feed: LocalFeed, *, key: str | None = None, **retry: Any) -> tuple[Page, list[Receipt]]:
    async def one() -> tuple[Page, list[Receipt]]:
        receipts: list[Receipt] = []
        policy = replace(QUICK_RETRIES, **retry)
        secret = SecretStr(feed.key if key is None else key)
        async with FeedClient(feed.url, secret, requests_per_minute=1000, retry=policy) as client:
            return await client.page({"limit": "10"}, receipts.append), receipts

    return asyncio.run(one())


@pytest.fixture
def feed():
    with LocalFeed(records=RECORDS) as feed:
        yield feed


def test_a_page_holds_the_bytes_of_its_records_newest_first(feed: LocalFeed):
    page, receipts = read(feed)
    assert [bytes(record) for record in page.data] == [text for _, text in feed.records()]
    assert [receipt.request_id for receipt in receipts] == [seen.request_id for seen in feed.requests]


def test_requests_identify_the_product(feed: LocalFeed):
    read(feed)
    headers = feed.requests[0].headers
    assert headers["anthropic-version"] == "2023-06-01"
    assert headers["user-agent"].startswith("compliance-warehouse/")


def test_retry_after_is_waited_for(feed: LocalFeed):
    feed.faults.add("rate_limited", retry_after=1)
    began = time.monotonic()
    read(feed)
    assert time.monotonic() - began >= 1


def test_an_exhausted_budget_is_waited_for():
    async def heed() -> float:
        budget = RequestBudget(per_minute=10)
        reset = (datetime.now(UTC) + timedelta(seconds=1)).isoformat()
        names = ("limit", "remaining", "reset")
        values = dict(zip(names, ("600", "-1", reset), strict=True))
        budget.heed({f"anthropic-ratelimit-requests-{name}": value for name, value in values.items()})
        began = time.monotonic()
        await budget.take()
        return time.monotonic() - began

    assert asyncio.run(heed()) > 0.5


def test_the_budget_holds_in_any_window(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("orchestration.api.rate_limit.WINDOW_SECONDS", 0.5)

    async def send_all() -> list[float]:
        budget, sent = RequestBudget(per_minute=5), []

        async def send() -> None:
            await budget.take()
            sent.append(time.monotonic())

        await asyncio.gather(*(send() for _ in range(17)))
        return sorted(sent)

    sent = asyncio.run(send_all())
    assert all(later - earlier >= 0.49 for earlier, later in zip(sent, sent[5:], strict=False))


def test_a_429_silences_every_extract(feed: LocalFeed, caplog: pytest.LogCaptureFixture):
    async def both() -> None:
        async with FeedClient(
            feed.url, SecretStr(feed.key), requests_per_minute=1000, retry=QUICK_RETRIES
        ) as client:
            feed.faults.add("rate_limited", retry_after=1)
            first = asyncio.create_task(client.page({"limit": "1"}, lambda _: None))
            # The client says that it waits when it knows of the 429.
            while not caplog.records:
                await asyncio.sleep(0)
            await client.page({"limit": "2"}, lambda _: None)
            await first

    with caplog.at_level("INFO", "orchestration.api.client"):
        asyncio.run(both())
    refused, *later = [seen.at for seen in feed.requests]
    assert len(later) == 2
    assert min(later) - refused >= 0.9


def test_the_feed_s_own_limit_is_spread_before_it_is_used_up():
    with LocalFeed(records=RECORDS, requests_per_minute=20, quota_window=2.0) as feed:

        async def many() -> None:
            async with FeedClient(
                feed.url, SecretStr(feed.key), requests_per_minute=1000, retry=QUICK_RETRIES
            ) as client:
                for _ in range(30):
                    await client.page({"limit": "1"}, lambda _: None)

        asyncio.run(many())
        assert [seen.status for seen in feed.requests] == [200] * 30
