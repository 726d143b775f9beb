"""No storm: while a feed fails, all extracts of a source together ask it no more often than one would."""

import asyncio
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from pydantic import SecretStr

from local_feed import LocalFeed
from orchestration.api.errors import FeedError, FeedUnavailable
from orchestration.api.feed import FeedClient
from orchestration.ingest.run import refresh
from tests.conftest import QUICK_RETRIES, source_of
from tests.histories import activity
from tests.ingest.test_faults_of_a_run import day

WALKS = 16
FIRST_WAIT = 0.06
POLICY = replace(QUICK_RETRIES, attempts=5, first_wait=FIRST_WAIT)


@pytest.fixture
def feed():
    with LocalFeed(records=[activity(f"activity_{n}", day(n + 1)) for n in range(40)]) as feed:
        yield feed


async def ask_all(feed: LocalFeed) -> list[object]:
    async with FeedClient(feed.url, SecretStr(feed.key), requests_per_minute=100_000, retry=POLICY) as client:
        asked = (client.page({"limit": str(n + 1)}, lambda _: None) for n in range(WALKS))
        return await asyncio.gather(*asked, return_exceptions=True)


@pytest.mark.parametrize("fault", [{"status": 429}, {"status": 503}], ids=str)
def test_while_everything_fails_one_request_at_a_time_tries_the_feed(feed: LocalFeed, fault: dict[str, int]):
    feed.faults.add("error", times=0, **fault)
    outcomes = asyncio.run(ask_all(feed))
    assert all(isinstance(outcome, FeedUnavailable) for outcome in outcomes)
    at = [seen.at for seen in feed.requests]
    # The first burst was under way before anyone knew; then come single tries, ever further apart.
    tries = at[WALKS:]
    for number, (earlier, later) in enumerate(pairwise(tries), start=1):
        assert later - earlier >= 0.99 * FIRST_WAIT * 2**number
    # Given up by all at once: nobody begins to count from one again.
    assert len(tries) == POLICY.attempts - 1


def test_a_run_against_a_feed_that_is_down_stops_after_few_requests(feed: LocalFeed, path: Path):
    feed.faults.add("error", times=0, status=503, skip=1)
    report = refresh(source_of(feed, start=day(40), concurrency=8, retry=POLICY), path)
    assert report.is_stopped
    assert len(feed.requests) <= 1 + 8 + POLICY.attempts
    assert "not tried" in report.describe_failures()


def test_when_the_feed_is_back_everyone_goes_on(feed: LocalFeed):
    feed.faults.add("error", times=WALKS + 2, status=529)
    outcomes = asyncio.run(ask_all(feed))
    assert not any(isinstance(outcome, FeedError) for outcome in outcomes)
    assert len(feed.requests) == WALKS + 2 + WALKS


def test_one_bad_slice_does_not_silence_the_others(feed: LocalFeed):
    feed.faults.add("broken_json", times=0, contains="limit=1")

    async def others() -> tuple[float, float]:
        async with FeedClient(feed.url, SecretStr(feed.key), requests_per_minute=100_000, retry=POLICY) as client:
            began = time.monotonic()
            bad = asyncio.create_task(client.page({"limit": "1"}, lambda _: None))
            while not bad.done():
                await client.page({"limit": "5"}, lambda _: None)
            took = time.monotonic() - began
            with pytest.raises(FeedUnavailable, match="5 attempts"):
                await bad
            return took, client.budget.waited_seconds

    took, silent = asyncio.run(others())
    # Its own waits double, 15 times the first in all; the others pause for the first alone, once for each failure.
    assert took >= 15 * FIRST_WAIT
    assert silent < took / 2


def test_a_retry_after_silences_all_and_a_long_one_is_not_asked_again(feed: LocalFeed):
    feed.faults.add("rate_limited", times=0, retry_after=86_400)
    outcomes = asyncio.run(ask_all(feed))
    assert all("asked to" in str(outcome) for outcome in outcomes)
    assert len(feed.requests) <= WALKS

    async def later() -> None:
        async with FeedClient(feed.url, SecretStr(feed.key), requests_per_minute=100_000, retry=POLICY) as client:
            for _ in range(3):
                with pytest.raises(FeedUnavailable, match="asked to"):
                    await client.page({"limit": "1"}, lambda _: None)

    asked = len(feed.requests)
    asyncio.run(later())
    assert len(feed.requests) == asked + 1


def test_an_extract_that_is_cancelled_while_it_probes_lets_the_others_go_on(feed: LocalFeed):
    async def cancelled() -> int:
        async with FeedClient(feed.url, SecretStr(feed.key), requests_per_minute=100_000, retry=POLICY) as client:
            feed.faults.add("error", status=503)
            feed.faults.add("hang")
            probe = asyncio.create_task(client.page({"limit": "1"}, lambda _: None))
            while feed.faults.pending():
                await asyncio.sleep(0.01)
            waiting = asyncio.create_task(client.page({"limit": "2"}, lambda _: None))
            await asyncio.sleep(0.05)
            assert not waiting.done()
            probe.cancel()
            return len((await waiting).data)

    assert asyncio.run(cancelled()) == 2
