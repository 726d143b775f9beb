"""Each fault has its effect on the requests that it applies to, and on no others."""

import time

import httpx
import pytest

from local_feed import KINDS, LocalFeed
from local_feed.embedded import PATIENCE


@pytest.fixture
def small(activity):
    with LocalFeed(records=[activity(n) for n in range(10, 20)], requests_per_minute=1000) as feed:
        yield feed


def ids(response):
    return [record["id"] for record in response.json()["data"]]


@pytest.mark.parametrize("status", [401, 403, 500, 502, 503, 504, 529])
@pytest.mark.parametrize("should_retry", [None, True, False])
def test_errors_with_and_without_should_retry(small, ask, status, should_retry):
    small.faults.add("error", status=status, should_retry=should_retry)
    response = ask(small)
    assert response.status_code == status
    assert response.json()["error"]["message"]
    expected = None if should_retry is None else str(should_retry).lower()
    assert response.headers.get("x-should-retry") == expected
    assert response.headers["request-id"]
    assert ask(small).status_code == 200


@pytest.mark.parametrize("retry_after", [None, 2])
def test_rate_limited_with_and_without_retry_after(small, ask, retry_after):
    small.faults.add("rate_limited", times=2, retry_after=retry_after)
    for _ in range(2):
        response = ask(small)
        assert response.status_code == 429
        assert response.json()["error"]["type"] == "rate_limit_error"
        assert response.headers.get("retry-after") == (None if retry_after is None else "2")
    assert ask(small).status_code == 200


@pytest.mark.parametrize("status", [200, 502])
def test_html_from_a_proxy(small, ask, status):
    small.faults.add("html", status=status)
    response = ask(small)
    assert response.status_code == status
    assert response.headers["content-type"].startswith("text/html")
    assert response.text.startswith("<!doctype html>")
    assert "request-id" not in response.headers


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("reset", httpx.ReadError),
        ("reset_in_body", httpx.ReadError),
        ("cut_body", httpx.RemoteProtocolError),
        ("hang", httpx.ReadTimeout),
    ],
)
def test_broken_connections(small, client, kind, error):
    small.faults.add(kind)
    headers = {"x-api-key": small.key, "anthropic-version": "2023-06-01"}
    url = f"{small.url}/v1/compliance/activities"
    with pytest.raises(error):
        client.get(url, headers=headers, timeout=0.3 if kind == "hang" else 60)
    assert client.get(url, headers=headers).status_code == 200


def test_a_body_breaks_off_after_its_head(small, client):
    small.faults.add("cut_body")
    headers = {"x-api-key": small.key, "anthropic-version": "2023-06-01"}
    with client.stream("GET", f"{small.url}/v1/compliance/activities", headers=headers) as response:
        assert response.status_code == 200
        assert response.headers["request-id"]
        received: list[bytes] = []
        with pytest.raises(httpx.RemoteProtocolError):
            received.extend(response.iter_bytes())
    assert 0 < sum(map(len, received)) < int(response.headers["content-length"])


def test_a_hanging_request_does_not_hold_up_the_end(activity, client):
    with LocalFeed(records=[activity(1)]) as feed:
        feed.faults.add("hang")
        with pytest.raises(httpx.ReadTimeout):
            client.get(f"{feed.url}/v1/compliance/activities", timeout=0.1)
        began = time.monotonic()
    assert time.monotonic() - began < PATIENCE / 2


def test_a_hang_can_end_with_nothing(small, ask):
    small.faults.add("hang", seconds=0.05)
    with pytest.raises(httpx.RemoteProtocolError):
        ask(small)


def test_latency(small, ask):
    small.faults.add("latency", seconds=0.3)
    began = time.monotonic()
    assert ask(small).status_code == 200
    assert time.monotonic() - began >= 0.3


def test_broken_json(small, ask):
    small.faults.add("broken_json")
    response = ask(small)
    assert response.status_code == 200
    with pytest.raises(ValueError, match=r"Expecting|Unterminated"):
        response.json()


def test_invalid_utf8(small, ask):
    small.faults.add("invalid_utf8")
    with pytest.raises(UnicodeDecodeError):
        ask(small).content.decode()


def test_an_empty_page_that_claims_more(small, ask):
    small.faults.add("empty_page")
    page = ask(small, limit=3).json()
    assert page["data"] == []
    assert page["has_more"] is True
    assert page["last_id"]


def test_the_same_cursor_twice(small, ask):
    small.faults.add("same_cursor")
    first = ask(small, limit=3).json()
    second = ask(small, limit=3, after_id=first["last_id"]).json()
    assert second["last_id"] == first["last_id"]
    assert second["has_more"] is True
    assert second["data"] != first["data"]


def test_a_cursor_refused_half_way(small, ask):
    small.faults.add("cursor_refused")
    cursor = ask(small, limit=3).json()["last_id"]
    assert ask(small, limit=3, after_id=cursor).status_code == 400
    assert ask(small, limit=3, after_id=cursor).status_code == 200


def test_a_duplicate_in_a_page(small, ask):
    small.faults.add("duplicate_in_page")
    assert ids(ask(small, limit=3)) == ["activity_0019", "activity_0018", "activity_0017", "activity_0017"]


def test_a_duplicate_across_pages(small, ask):
    small.faults.add("duplicate_across_pages")
    first = ask(small, limit=3)
    second = ask(small, limit=3, after_id=first.json()["last_id"])
    assert ids(second) == ["activity_0017", "activity_0016", "activity_0015", "activity_0014"]


def test_a_wrong_end(small, ask):
    small.faults.add("ends_early")
    page = ask(small, limit=3).json()
    assert len(page["data"]) == 3
    assert page["has_more"] is False
    assert ask(small, limit=3, after_id=page["last_id"]).json()["data"]


def test_a_late_activity_lands_in_what_was_read(small, ask):
    small.faults.add("late_activity")
    before = ids(ask(small))
    after = ids(ask(small))
    assert len(set(after) - set(before)) == 1
    assert before == [i for i in after if i in before]
    assert after.index((set(after) - set(before)).pop()) not in (0, 10)


@pytest.mark.parametrize("served_from_disk", [False, True])
def test_a_record_changes_after_it_was_read(small, feed, ask, served_from_disk):
    chosen = feed if served_from_disk else small
    chosen.faults.add("changed_record", field="actor")
    before = ask(chosen, limit=20).json()["data"]
    after = ask(chosen, limit=20).json()["data"]
    different = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    assert len(different) == 1
    old, new = different[0]
    assert {**new, "actor": old["actor"]} == old


def test_missing_rate_limit_headers(small, ask):
    small.faults.add("no_rate_limit_headers")
    assert "anthropic-ratelimit-requests-remaining" not in ask(small).headers
    assert "anthropic-ratelimit-requests-remaining" in ask(small).headers


def test_a_replaced_body(small, ask):
    small.faults.add("body", body='{"data": null}', headers={"x-should-retry": "maybe"})
    response = ask(small)
    assert (response.status_code, response.text) == (200, '{"data": null}')
    assert response.headers["x-should-retry"] == "maybe"


def test_extra_headers_leave_the_answer_unchanged(small, ask):
    small.faults.add("headers", headers={"date": "yesterday", "anthropic-ratelimit-requests-limit": "many"})
    response = ask(small)
    assert len(ids(response)) == 10
    assert (response.headers["date"], response.headers["anthropic-ratelimit-requests-limit"]) == (
        "yesterday",
        "many",
    )


def test_a_compressed_answer(small, client, ask):
    plain = ask(small).content
    small.faults.add("gzip", times=2)
    response = ask(small)
    assert response.headers["content-encoding"] == "gzip"
    assert response.content == plain
    small.faults.clear()
    small.faults.add("gzip_cut")
    assert ask(small).content != plain


def test_a_body_that_is_small_only_when_compressed(small, client):
    small.faults.add("bomb", size=3_000_000)
    headers = {"x-api-key": small.key, "anthropic-version": "2023-06-01"}
    with client.stream("GET", f"{small.url}/v1/compliance/activities", headers=headers) as response:
        assert int(response.headers["content-length"]) < 10_000
        assert len(response.read()) == 3_000_000


def test_more_is_claimed_without_a_cursor(small, ask):
    small.faults.add("no_cursor")
    page = ask(small, limit=3).json()
    assert (page["has_more"], page["last_id"]) == (True, None)


def test_records_out_of_order_and_out_of_range(small, ask):
    right = ask(small, limit=3).json()
    small.faults.add("out_of_order")
    wrong = ask(small, limit=3).json()
    assert wrong["data"] == right["data"][::-1]
    assert wrong["last_id"] == right["last_id"]
    small.faults.add("outside_range")
    assert ids(ask(small, created_at__gte="2026-03-01T00:00:18Z")) == [
        "activity_0019",
        "activity_0018",
        "activity_0017",
    ]


def test_which_requests_a_fault_is_for(small, ask):
    small.faults.add("error", pages="later", status=503)
    small.faults.add("error", skip=1, times=0, status=529, contains="created_at.gte=2026-03-01T00:00:11Z")
    first = ask(small, limit=2)
    bound = {"created_at__gte": "2026-03-01T00:00:11Z"}
    statuses = [ask(small, **bound).status_code for _ in range(4)]
    later = [ask(small, limit=2, after_id=first.json()["last_id"]).status_code for _ in range(2)]
    assert (first.status_code, statuses, later) == (200, [200, 529, 529, 529], [503, 200])
    small.faults.clear()
    assert ask(small, **bound).status_code == 200


def test_faults_over_http(small, client, ask):
    desk = f"{small.url}/_local_feed/faults"
    queued = client.post(desk, json={"kind": "error", "status": 503, "times": 2}).json()
    assert [(fault["kind"], fault["times"]) for fault in queued] == [("error", 2)]
    assert ask(small).status_code == 503
    assert client.get(desk).json()[0]["times"] == 1
    assert client.delete(desk).json() == []
    assert ask(small).status_code == 200
    assert client.post(desk, json={"kind": "earthquake"}).status_code == 400
    assert client.post(desk, json={"kind": "error", "tiems": 2}).status_code == 400


def test_records_over_http(small, client, ask, activity):
    desk = f"{small.url}/_local_feed/records"
    assert client.post(desk, json=activity(40)).json() == {"id": "activity_0040"}
    assert client.put(desk, json=activity(40, type="changed")).status_code == 200
    assert client.put(desk, json=activity(41)).status_code == 400
    assert ask(small, limit=1).json()["data"][0]["type"] == "changed"
    status = client.get(f"{small.url}/_local_feed/status").json()
    assert status["activities"] == 11
    assert [request[2] for request in status["requests"]] == [200]


def test_an_unknown_fault_is_refused(small):
    with pytest.raises(ValueError, match="earthquake"):
        small.faults.add("earthquake")
    assert len(KINDS) == len(set(KINDS))
