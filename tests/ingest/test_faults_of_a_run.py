"""A whole run in which things go wrong: what can be read is stored, what cannot stays open and is named."""

import contextlib
import json
import re
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from local_feed import LocalFeed
from orchestration.api import body
from orchestration.api.errors import FeedError, FeedUnavailable, KeyRefused
from orchestration.ingest.run import refresh
from orchestration.intervals import rfc3339
from tests.conftest import QUICK_RETRIES, Query, source_of
from tests.histories import activity
from tests.truth import lies, missing, open_extracts, served, stored

TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
DAYS = 30

# Faults that last, each for a day of its own; between them lie days that are well, so that none is an outage.
LASTING: list[tuple[dict[str, Any], str]] = [
    ({"kind": "error", "status": 400}, "400 invalid_request_error"),
    ({"kind": "error", "status": 422}, "422 "),
    ({"kind": "error", "status": 503}, "503 api_error"),
    ({"kind": "error", "status": 500, "should_retry": False}, "asked not to retry"),
    ({"kind": "cut_body"}, "connection failed"),
    ({"kind": "html", "status": 200}, "text/html"),
    ({"kind": "body", "body": '{"data":null}'}, "cannot be read"),
    ({"kind": "empty_page"}, "empty page that claims more"),
    ({"kind": "same_cursor"}, "same cursor twice"),
    ({"kind": "no_cursor"}, "same cursor twice or none"),
    ({"kind": "cursor_refused"}, "not a valid cursor"),
    ({"kind": "bomb", "size": 2**21}, "larger than 1 MiB"),
    ({"kind": "data_twice"}, "a name twice"),
]


def day(ago: int) -> datetime:
    return TODAY - timedelta(days=ago)


def hits(ago: int) -> str:
    """The text by which a fault finds the slice of that day."""
    return f"created_at.gte={rfc3339(day(ago))}"


@pytest.fixture
def feed() -> Iterator[LocalFeed]:
    records = [activity(f"activity_{n:04}", day(DAYS) + n * timedelta(hours=3)) for n in range(8 * DAYS)]
    with LocalFeed(records=records) as feed:
        yield feed


def test_a_run_lands_what_it_can_and_names_each_slice_that_failed(
    feed: LocalFeed, path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(body, "MAX_BODY_BYTES", 2**20)
    for number, (fault, _) in enumerate(LASTING):
        feed.faults.add(times=0, contains=hits(2 * number + 2), **fault)
    # One at a time: so a good day always comes between two that fail, and nothing looks like an outage.
    source = source_of(feed, page_size=3, concurrency=1)
    report = refresh(source, path)
    assert not report.is_complete
    assert not report.is_stopped
    errors = {extract.time_slice.start: extract.error for extract in report.failures}
    assert set(errors) == {day(2 * number + 2) for number in range(len(LASTING))}
    for number, (_, sentence) in enumerate(LASTING):
        start = day(2 * number + 2)
        assert sentence in errors[start]
        assert rfc3339(start) in errors[start]
    assert len(report.extracts) == len(report.due)
    assert lies(path) == []
    assert missing(path, feed) == set()
    assert open_extracts(path) == 0
    whole = {name for name, text in feed.records() if _day_of(text) not in errors}
    assert whole <= stored(path).keys()
    feed.faults.clear()
    assert refresh(source, path).is_complete
    assert stored(path) == served(feed)
    assert lies(path) == []


def _day_of(text: bytes) -> datetime:
    moment = datetime.fromisoformat(json.loads(text)["created_at"])
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def test_faults_that_pass_cost_nothing_but_time(feed: LocalFeed, path: Path, query: Query):
    passing = [
        "error",
        "rate_limited",
        "html",
        "reset",
        "cut_body",
        "broken_json",
        "invalid_utf8",
        "cursor_refused",
    ]
    for number, kind in enumerate(passing):
        feed.faults.add(kind, contains=hits(2 * number + 2))
    report = refresh(source_of(feed, page_size=3), path)
    assert report.is_complete
    assert stored(path) == served(feed)
    assert lies(path) == []
    known = {name for (name,) in query("select request_id from raw.feed_requests")}
    assert known == {seen.request_id for seen in feed.requests if seen.request_id}


@pytest.mark.parametrize("kind", ["duplicate_in_page", "duplicate_across_pages", "outside_range"])
def test_pages_that_are_odd_are_stored_once(feed: LocalFeed, path: Path, kind: str):
    feed.faults.add(kind, times=0)
    report = refresh(source_of(feed, page_size=8, start=day(5)), path)
    assert report.is_complete
    kept = stored(path)
    assert {name: digest for name, digest in served(feed).items() if name in kept} == kept
    assert lies(path) == []
    assert missing(path, feed) == set()
    feed.faults.clear()
    # What came from outside of the asked range is known when its own time is read.
    assert refresh(source_of(feed, start=day(DAYS)), path).is_complete
    assert stored(path) == served(feed)
    assert lies(path) == []


@pytest.mark.parametrize("status", [401, 404])
def test_a_key_or_an_address_that_is_refused_half_way_stops_the_run_and_keeps_what_came(
    feed: LocalFeed, path: Path, status: int
):
    feed.faults.add("error", status=status, times=0, skip=8)
    report = refresh(source_of(feed, page_size=3, start=day(20), concurrency=2), path)
    assert report.is_stopped
    assert not report.is_complete
    assert 1 <= len(report.failures) <= 2
    assert all(f"{status} " in extract.error for extract in report.failures)
    assert "not tried" in report.describe_failures()
    assert len([seen for seen in feed.requests if seen.status == status]) <= 2
    assert 0 < len(stored(path)) < len(feed)
    assert lies(path) == []
    feed.faults.clear()
    assert refresh(source_of(feed, start=day(20)), path).is_complete


KEY = "sk-ant-api01-local-feed"
SECRETS = [
    f"key {KEY} was refused for eve@example.com at 203.0.113.7",
    f"\x1b[31m{KEY[:9]}\x1b[0m{KEY[9:]}\x07 and \x1b]0;title\x07 more",
    f"{KEY[:12]}\u200b\u202e{KEY[12:]} from 2001:db8::7",
    "x" * 290 + KEY,
    f"sk-ant-admin01-another-key-than-ours {KEY}/eve.o'hara@mail.example",
    "\n".join(["line", KEY, "line"]),
]


@pytest.mark.parametrize("secret", SECRETS, ids=range(len(SECRETS)))
def test_what_the_feed_says_is_kept_without_keys_addresses_and_control_codes(
    feed: LocalFeed, path: Path, query: Query, caplog: pytest.LogCaptureFixture, secret: str
):
    header = re.sub(r"[^ -~]", "", secret)
    # A request id that holds the key stops the source: see the next test.
    request_id = {"request-id": header.replace(KEY, "")}
    feed.faults.add("error", status=400, message=secret, times=0, contains=hits(2), headers=request_id)
    feed.faults.add("error", status=503, message=secret, times=0, contains=hits(4), headers=request_id)
    text = json.dumps({"error": {"type": secret, "message": secret * 50}})
    feed.faults.add("body", status=422, body=text, times=0, contains=hits(6), headers={"content-type": header})
    feed.faults.add("body", body="{", times=0, contains=hits(8), headers={"content-type": header})
    report = refresh(source_of(feed, start=day(9), page_size=8), path)
    assert len(report.failures) == 4
    kept = query("select error, last_request_id from raw.extracts") + query(
        "select request_id, '' from raw.feed_requests"
    )
    everything = [*map(str, kept), report.describe_failures(), caplog.text]
    for text in everything:
        for hidden in (
            KEY,
            "sk-ant-",
            "eve@example",
            "hara@mail",
            "203.0.113.7",
            "2001:db8",
            "\x1b",
            "\x07",
            "\u202e",
        ):
            assert hidden not in text
    assert max(len(error or "") for error, _ in kept) < 800
    assert any("invalid_request_error" in (error or "") for error, _ in kept)


# Every form that is found has a case in `tests/api/test_redact.py`.
@pytest.mark.parametrize(
    ("status", "echo"),
    [(200, KEY), (422, KEY.encode().hex()), (503, b64encode(f"x{KEY}".encode()).decode())],
    ids=[200, 422, 503],
)
def test_a_request_id_that_holds_the_key_stops_the_source_and_is_kept_nowhere(
    feed: LocalFeed, path: Path, query: Query, caplog: pytest.LogCaptureFixture, status: int, echo: str
):
    feed.faults.add("body", status=status, body="{}", times=0, skip=2, headers={"request-id": echo})
    report = refresh(source_of(feed, start=day(9), concurrency=1), path)
    assert report.is_stopped
    assert "sends the key back in a request-id" in report.describe_failures()
    kept = [query(f"from raw.{table}") for table in ("extracts", "feed_requests", "sources")]
    for text in (str(kept), report.describe_failures(), caplog.text):
        assert echo not in text
        assert KEY not in text
    assert len(query("from raw.feed_requests")) == 2


def test_no_connection_at_all_is_reported(path: Path):
    with LocalFeed(records=[]) as feed:
        source = replace(source_of(feed), url="http://127.0.0.1:1")
    with pytest.raises(FeedUnavailable, match=r"127\.0\.0\.1:1.*no connection.*2 attempts.*COMPLIANCE_API_URL"):
        refresh(source, path)


def test_a_refused_key_stores_nothing_and_is_not_shown(feed: LocalFeed, path: Path):
    wrong = SecretStr("sk-ant-api01-wrong-key")
    with pytest.raises(KeyRefused, match="401 authentication_error") as refusal:
        refresh(replace(source_of(feed), key=wrong), path)
    assert wrong.get_secret_value() not in str(refusal.value)
    assert stored(path) == {}
    assert len(feed.requests) == 1


def test_a_feed_whose_clock_is_absurd_proves_nothing(feed: LocalFeed, path: Path):
    for date in (
        "Thu, 01 Jan 1970 00:00:00 GMT",
        "Thu, 01 Jan 1970 00:00:00 -0000",
        "Mon, 01 Jan 0100 00:00:00 GMT",
    ):
        feed.faults.clear()
        feed.faults.add("headers", times=0, headers={"date": date})
        with contextlib.suppress(FeedError):
            refresh(source_of(feed, start=day(3), retry=QUICK_RETRIES), path)
        assert missing(path, feed) == set()
        assert lies(path) == []
    feed.faults.clear()
    assert refresh(source_of(feed, start=day(DAYS)), path).is_complete
    assert stored(path) == served(feed)
