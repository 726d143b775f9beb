"""To which requests a fault applies, and the faults that no reading of a slice meets.

What each other fault does is in the table of `tests/ingest/test_faults.py`.
"""

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


@pytest.mark.parametrize("should_retry", [None, True, False])
def test_errors_with_and_without_should_retry(small, ask, should_retry):
    small.faults.add("error", status=529, should_retry=should_retry)
    response = ask(small)
    assert response.status_code == 529
    assert response.json()["error"]["message"]
    expected = None if should_retry is None else str(should_retry).lower()
    assert response.headers.get("x-should-retry") == expected
    assert response.headers["request-id"]
    assert ask(small).status_code == 200


def test_a_hanging_request_does_not_hold_up_the_end(activity, client):
    with LocalFeed(records=[activity(1)]) as feed:
        feed.faults.add("hang")
        with pytest.raises(httpx.ReadTimeout):
            client.get(f"{feed.url}/v1/compliance/activities", timeout=0.1)
        began = time.monotonic()
    assert time.monotonic() - began < PATIENCE / 2


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
