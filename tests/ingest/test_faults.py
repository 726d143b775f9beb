"""Every way an answer can go wrong, and what an extract makes of it: the contract's error table as a test.

An extract of 25 records in pages of 10 asks three times when all is well. Each row says how often it asks under
the fault, and how it ends: with every record once, or open with a sentence that says what to do.
"""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pytest
from pydantic import SecretStr

from local_feed import LocalFeed
from local_feed.options import COMPLIANCE_KEY
from orchestration.api import body
from orchestration.api.endpoint import Receipt
from orchestration.api.errors import (
    FeedError,
    FeedProtocolError,
    FeedUnavailable,
    KeyEchoed,
    KeyRefused,
    WrongAddress,
)
from orchestration.api.feed import FeedClient
from orchestration.ingest.slice_reader import frozen_query, read_slice
from orchestration.intervals import Kind, Slice
from tests.conftest import QUICK_RETRIES
from tests.histories import activity

DAY = datetime(2026, 5, 1, tzinfo=UTC)
TRACED = r".*request-id req_\w+"


def record(n: int) -> dict[str, Any]:
    return activity(f"activity_{n:03}", DAY + timedelta(minutes=n))


class Complete(NamedTuple):
    """The extract ends well after so many requests; `received` records came, the served ones among them."""

    requests: int
    received: int = 25


class Open(NamedTuple):
    """The extract ends with this error and sentence after so many requests."""

    error: type[FeedError]
    sentence: str
    requests: int


def passing(kind: str, **options: Any) -> dict[str, Any]:
    return {"kind": kind, "times": 2} | options


def lasting(kind: str, **options: Any) -> dict[str, Any]:
    return {"kind": kind, "times": 0} | options


RETRIED = Complete(requests=5)
AGAIN = "run again"
TOLD_TO = {
    400: Open(FeedProtocolError, rf"400 invalid_request_error{TRACED}.*stays open", 1),
    401: Open(KeyRefused, rf"refused the key \(401 authentication_error{TRACED}.*not revoked", 1),
    403: Open(KeyRefused, rf"lacks a scope \(403 permission_error{TRACED}.*read:compliance_activities", 1),
    404: Open(WrongAddress, rf"404 not_found_error{TRACED}.*COMPLIANCE_API_URL", 1),
    422: Open(FeedProtocolError, rf"422 invalid_request_error{TRACED}.*stays open", 1),
}
RETRYABLE = {
    408: "invalid_request_error", 429: "rate_limit_error", 500: "api_error", 502: "api_error", 503: "api_error",
    504: "timeout_error", 520: "api_error", 529: "overloaded_error",
}  # fmt: skip

# Statuses: what passes is retried with the same cursor, what lasts is given up after four attempts.
STATUSES = [
    *((f"{status}", lasting("error", status=status), outcome) for status, outcome in TOLD_TO.items()),
    *((f"{status} twice", passing("error", status=status), RETRIED) for status in RETRYABLE),
    *((f"{status} half way", passing("error", status=status, pages="later"), RETRIED) for status in RETRYABLE),
    *(
        (f"{status} for good", lasting("error", status=status),
         Open(FeedUnavailable, rf"{status} {error}{TRACED}.*4 attempts.*{AGAIN}", 4))
        for status, error in RETRYABLE.items()
    ),
    *(
        (f"x-should-retry true on {status}", passing("error", status=status, should_retry=True), RETRIED)
        for status in (302, 400, 401, 403, 404, 418, 500)
    ),
    *(
        (f"x-should-retry false on {status}", lasting("error", status=status, should_retry=False),
         Open(FeedUnavailable, rf"{status} \w+{TRACED}.*asked not to retry.*[Rr]un again", 1))
        for status in RETRYABLE
    ),
    ("x-should-retry maybe", passing("error", status=503, headers={"x-should-retry": "maybe"}), RETRIED),
    ("401 half way", lasting("error", status=401, pages="later"), TOLD_TO[401]._replace(requests=2)),
    ("403 half way", lasting("error", status=403, pages="later"), TOLD_TO[403]._replace(requests=2)),
    ("204", lasting("body", status=204), Open(WrongAddress, "204 .*COMPLIANCE_API_URL", 1)),
    ("206", lasting("error", status=206), Open(WrongAddress, "206 .*COMPLIANCE_API_URL", 1)),
]  # fmt: skip

# Connections: cut, reset, silent or packed.
CONNECTIONS = [
    *(
        row
        for kind in ("hang", "reset", "reset_in_body", "cut_body")
        for row in (
            (f"{kind} twice", passing(kind), RETRIED),
            (f"{kind} half way", passing(kind, pages="later"), RETRIED),
            (
                f"{kind} for good",
                lasting(kind),
                Open(FeedUnavailable, f"connection failed.*4 attempts.*{AGAIN}", 4),
            ),
        )
    ),
    ("an end without an answer", passing("hang", seconds=0.01), RETRIED),
    ("gzip", lasting("gzip"), Complete(requests=3)),
    ("gzip of two members", lasting("gzip_members"), Complete(requests=3)),
    ("gzip that is cut", passing("gzip_cut"), RETRIED),
    ("gzip that is none", passing("headers", headers={"content-encoding": "gzip"}), RETRIED),
    ("a coding nobody asked for", passing("headers", headers={"content-encoding": "br"}), RETRIED),
    (
        "a bomb",
        lasting("bomb", size=2**21),
        Open(FeedProtocolError, rf"larger than 1 MiB{TRACED}.*FEED_PAGE_SIZE", 1),
    ),
    ("too large", lasting("body", body=" " * (2**20 + 1)), Open(FeedProtocolError, "larger than 1 MiB", 1)),
    ("a bomb as an error", passing("bomb", status=503, size=2**21), RETRIED),
]

# Bodies that are not a page (a proxy's page, half a text, the wrong shape) are all unreadable: requested
# again.
UNREADABLE = Open(FeedUnavailable, rf"body that cannot be read .*4 attempts.*{AGAIN}", 4)
SHAPES = {
    "no data": '{"has_more":false}', "data null": '{"data":null,"has_more":false}',
    "data an object": '{"data":{},"has_more":false}', "no has_more": '{"data":[]}',
    "has_more null": '{"data":[],"has_more":null}', "has_more a word": '{"data":[],"has_more":"false"}',
    "has_more a number": '{"data":[],"has_more":0}',
    "a number as cursor": '{"data":[],"has_more":false,"last_id":7}',
    "a string": '"data"', "null": "null", "an array": "[]", "nothing": "", "a number": "1e999",
    "two documents": '{"data":[],"has_more":false}{"data":[],"has_more":false}', "deep": "[" * 100_000,
    "deep data": '{"data":[' + '{"a":' * 50_000 + "}" * 50_000 + '],"has_more":false}',
    "an error with 200": '{"type":"error","error":{"type":"api_error","message":"no"}}',
    "NaN": '{"data":[{"id":NaN}],"has_more":false}',
}  # fmt: skip
REPEATED = {
    "has_more twice": '{"data":[],"has_more":true,"has_more":false}',
    "data twice, escaped": '{"data":[{"id":"a"}],"d\\u0061ta":[],"has_more":false}',
    "data twice, the same": '{"data":[{"id":"a"}],"data":[{"id":"a"}],"has_more":false}',
}
BODIES = [
    *(
        row
        for kind, options in (
            ("html", {"status": 200}), ("html", {"status": 502}), ("broken_json", {}), ("invalid_utf8", {})
        )
        for row in (
            (f"{kind} {options} twice", passing(kind, **options), RETRIED),
            (f"{kind} {options} half way", passing(kind, pages="later", **options), RETRIED),
        )
    ),
    ("html with 200 for good", lasting("html", status=200), UNREADABLE),
    ("html with 502 for good", lasting("html"),
     Open(FeedUnavailable, rf"502 unreadable_error.*text/html.*{AGAIN}", 4)),
    ("broken JSON for good", lasting("broken_json"), UNREADABLE),
    ("invalid UTF-8 for good", lasting("invalid_utf8"), UNREADABLE),
    ("records twice", passing("data_twice"), RETRIED),
    ("records twice for good", lasting("data_twice"), UNREADABLE),
    *((f"{name} for good", lasting("body", body=text), UNREADABLE) for name, text in REPEATED.items()),
    ("a cursor with the key", lasting("given_cursor", message=f"c_{COMPLIANCE_KEY}"),
     Open(KeyEchoed, "key back in a cursor.*COMPLIANCE_API_URL.*replace the key", 1)),
    *((f"{name} twice", passing("body", body=text), RETRIED) for name, text in SHAPES.items()),
    *((f"{name} for good", lasting("body", body=text), UNREADABLE) for name, text in SHAPES.items()),
    *(
        (f"{name} as an error", lasting("body", status=400, body=text),
         Open(FeedProtocolError, "400 .*stays open", 1))
        for name, text in SHAPES.items()
    ),
]  # fmt: skip

# Pages that prove nothing end the extract. A cursor may have expired: a refused one restarts the extract, once.
PAGES = [
    ("an empty page that claims more", lasting("empty_page"), Open(FeedProtocolError, "empty page.*run again", 1)),
    ("an empty page half way", lasting("empty_page", pages="later"), Open(FeedProtocolError, "empty page", 2)),
    ("two pages in turn", lasting("circle"), Open(FeedProtocolError, "same page under two cursors.*run again", 3)),
    ("the same cursor twice", lasting("same_cursor"), Open(FeedProtocolError, "same cursor twice.*run again", 2)),
    ("more, but no cursor", lasting("no_cursor"), Open(FeedProtocolError, "or none.*run again", 1)),
    ("more, but no cursor half way", lasting("no_cursor", pages="later"), Open(FeedProtocolError, "or none", 2)),
    ("a cursor refused once", passing("cursor_refused", times=1), Complete(requests=5, received=35)),
    ("a later cursor refused once", passing("cursor_refused", times=1, skip=1), Complete(requests=6, received=45)),
    (
        "a cursor refused again",
        lasting("cursor_refused"),
        Open(FeedProtocolError, f"400 .*{TRACED}.*stays open", 4),
    ),
    ("a duplicate in each page", lasting("duplicate_in_page"), Complete(requests=3, received=28)),
    ("a duplicate across pages", lasting("duplicate_across_pages"), Complete(requests=3, received=27)),
    ("an end that is none", lasting("ends_early"), Complete(requests=3)),
    ("out of order", lasting("out_of_order"), Complete(requests=3)),
]

# Waits: absent, absurd or hostile headers neither stop the extract nor cause a storm of requests.
DATES = ("Thu, 01 Jan 2015 00:00:00 GMT", "Thu, 01 Jan 2015 00:00:00 -0000", "Fri, 31 Dec 9999 23:59:59 -0000")
LIMITS = [
    ("600", "-1", "soon"), ("0", "0", "0"), ("-5", "9" * 4000, "9999-12-31T23:59:59Z"), ("", "", ""),
    ("9" * 400, "1" * 401, DAY.isoformat()), ("9" * 310, "0", DAY.isoformat()),
    ("600", "0", "0001-01-01T00:00:00+23:59"), ("6e2", "nan", "2026-05-01T00:00:00"),
]  # fmt: skip


def limits(*values: str) -> dict[str, str]:
    names = ("limit", "remaining", "reset")
    return {f"anthropic-ratelimit-requests-{name}": value for name, value in zip(names, values, strict=True)}


HEADERS = [
    *(
        (f"retry-after {value!r}", passing("rate_limited", headers={"retry-after": value}), RETRIED)
        for value in ("0", "-5", "nan", "-inf", "soon", "", "0.001", *DATES[:2])
    ),
    *(
        (f"retry-after {value!r}", lasting("rate_limited", headers={"retry-after": value}),
         Open(FeedUnavailable, rf"429 rate_limit_error{TRACED}.*after 1 attempt.*{AGAIN}", 1))
        for value in ("86400", "inf", "1e400", DATES[2])
    ),
    *(
        (f"date {value!r}", lasting("headers", headers={"date": value}), Complete(requests=3))
        for value in ("", "now", "0", *DATES)
    ),
    *(
        (f"limits {number}", lasting("headers", headers=limits(*values)), Complete(requests=3))
        for number, values in enumerate(LIMITS)
    ),
    ("no limits", lasting("no_rate_limit_headers"), Complete(requests=3)),
]  # fmt: skip

TABLE = [*STATUSES, *CONNECTIONS, *BODIES, *PAGES, *HEADERS]


@pytest.fixture(scope="module")
def feed():
    with LocalFeed(records=[record(n) for n in range(25)]) as feed:
        yield feed


async def extracted(feed: LocalFeed, receipts: list[Receipt], patience: float) -> list[bytes]:
    policy = replace(QUICK_RETRIES, read_timeout=patience)
    query = frozen_query(Slice(Kind.BACKFILL, DAY, DAY + timedelta(days=1)), 10)
    async with FeedClient(feed.url, SecretStr(feed.key), requests_per_minute=10_000, retry=policy) as client:
        return [bytes(one) async for page in read_slice(client, query, receipts.append) for one in page.data]


@pytest.mark.parametrize(("fault", "outcome"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_a_fault_ends_as_the_table_says(
    feed: LocalFeed, fault: dict[str, Any], outcome: Complete | Open, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(body, "MAX_BODY_BYTES", 2**20)
    feed.faults.clear()
    feed.faults.add(**fault)
    asked = len(feed.requests)
    receipts: list[Receipt] = []
    patience = 0.3 if fault["kind"] == "hang" else 5.0
    if isinstance(outcome, Complete):
        records = asyncio.run(extracted(feed, receipts, patience))
        assert len(records) == outcome.received
        assert set(records) == set(feed.served.values())
    else:
        with pytest.raises(outcome.error, match=outcome.sentence):
            asyncio.run(extracted(feed, receipts, patience))
    seen = feed.requests[asked:]
    assert len(seen) == outcome.requests
    # Whatever became of an answer: once its head was there, the feed will report the read by this name.
    named = {one.request_id for one in seen if one.request_id}
    assert {receipt.request_id for receipt in receipts} <= named
    if "reset" not in fault["kind"]:
        assert {receipt.request_id for receipt in receipts} == named


def test_the_table_has_a_row_for_each_fault_of_the_feed():
    from local_feed import KINDS

    elsewhere = {"latency", "late_activity", "changed_record", "outside_range", "hold"}
    assert {row[1]["kind"] for row in TABLE} == set(KINDS) - elsewhere
