"""Activities that arrive while the feed runs: own reads, live growth, records added by hand."""

import json

import pytest

from local_feed import LocalFeed
from local_feed.history import History
from local_feed.history.cast import Cast
from local_feed.instants import to_micros

NOW = 1_795_000_000.0


class Clock:
    def __init__(self):
        self.now = NOW

    def __call__(self):
        return self.now


def own(walk, feed):
    return walk(feed, activity_types=["compliance_api_accessed"])


def test_every_authenticated_read_leaves_its_request_id(activity, ask):
    with LocalFeed(records=[activity(1)], own_reads=True, requests_per_minute=5) as feed:
        answers = [
            ask(feed),
            ask(feed, key=feed.admin_key),
            ask(feed, limit=0),
            ask(feed, key=feed.unscoped_key),
            ask(feed, key="sk-ant-unknown"),
        ]
        feed.faults.add("error", status=500)
        answers.append(ask(feed))
        answers += [ask(feed), ask(feed), ask(feed)]
        reads = {r["request_id"]: r for r in map(json.loads, feed.served.values()) if "request_id" in r}
        known = [answer for answer in answers if answer.status_code != 401]
        assert set(reads) == {answer.headers["request-id"] for answer in known}
        assert [reads[a.headers["request-id"]]["status_code"] for a in known] == [
            200,
            200,
            400,
            403,
            500,
            200,
            200,
            429,
        ]
        first = reads[answers[0].headers["request-id"]]
        cast = Cast(1)
        assert first["organization_id"] is None
        assert first["organization_uuid"] is None
        assert first["request_method"] == "GET"
        assert first["url"] == str(answers[0].request.url)
        assert first["actor"]["type"] == "api_actor"
        assert first["actor"]["api_key_id"] == cast.compliance_key_id
        assert first["actor"]["user_agent"].startswith("python-httpx")
        by_admin = reads[answers[1].headers["request-id"]]["actor"]["api_key_id"]
        assert by_admin.startswith("apikey_")
        assert by_admin.rpartition("_")[2] == cast.admin_key_id.rpartition("_")[2]


def test_own_reads_show_after_the_delay_and_can_be_switched_off(activity, ask, walk):
    clock = Clock()
    with LocalFeed(records=[activity(1)], own_reads=True, index_delay=30, clock=clock) as feed:
        request_id = ask(feed).headers["request-id"]
        clock.now += 29
        assert own(walk, feed) == []
        clock.now += 1
        assert [r["request_id"] for r in own(walk, feed)] == [request_id]
    with LocalFeed(records=[activity(1)], own_reads=False) as feed:
        ask(feed)
        assert own(walk, feed) == []


def test_request_ids_never_repeat_across_restarts(activity, ask):
    seen = set()
    for _ in range(2):
        with LocalFeed(records=[activity(1)]) as feed:
            seen |= {ask(feed).headers["request-id"] for _ in range(3)}
    assert len(seen) == 6


def test_a_live_feed_grows_at_its_rate_by_members_of_the_end(cache, walk):
    clock = Clock()
    with LocalFeed(size=1_500, seed=7, cache=cache, live_per_minute=60, clock=clock) as feed:
        assert len(walk(feed, limit=5000)) == 1_500
        clock.now += 120
        grown = walk(feed, limit=5000)[:-1_500]
        assert 118 <= len(grown) <= 122
        times = [to_micros(r["created_at"]) for r in grown]
        assert times == sorted(times, reverse=True)
        assert min(times) >= NOW * 1e6
        assert max(times) <= clock.now * 1e6
        assert len({r["id"] for r in grown}) == len(grown)


def test_live_activities_are_the_same_after_a_restart(cache, walk):
    seen = []
    for start in (0, 30):
        clock = Clock()
        clock.now += start
        with LocalFeed(size=1_500, seed=7, cache=cache, live_per_minute=30, clock=clock) as feed:
            clock.now = NOW + 120
            seen.append({r["id"]: r for r in walk(feed, limit=5000)[:-1_500]})
    assert seen[1]
    assert seen[1].items() <= seen[0].items()


def test_growth_does_not_depend_on_how_often_it_is_read():
    history = History(seed=3, size=1_000)
    since, until = round(NOW * 1e6), round((NOW + 300) * 1e6)
    steps = range(since, until, 7_000_000)
    parts = [r for a in steps for r in history.growth(45, a, min(a + 7_000_000, until))]
    assert parts == history.growth(45, since, until)
    assert len(parts) > 200


def test_requests_are_remembered_without_the_key(activity, ask):
    with LocalFeed(records=[activity(1)]) as feed:
        response = ask(feed, limit=7, activity_types=["a", "b"])
        seen = feed.requests[0]
        assert (seen.status, seen.request_id) == (200, response.headers["request-id"])
        assert seen.parameters == [("limit", "7"), ("activity_types[]", "a"), ("activity_types[]", "b")]
        assert seen.headers["anthropic-version"] == "2023-06-01"
        assert feed.key not in repr(seen)


def test_adding_the_same_id_twice_is_a_second_delivery(activity, walk):
    with LocalFeed(records=[activity(1), activity(1), activity(2)]) as feed:
        assert [r["id"][-1] for r in walk(feed, limit=1)] == ["2", "1", "1"]


def test_changed_handmade_records_keep_their_id(activity, walk):
    with LocalFeed(records=[activity(1)]) as feed:
        feed.replace("activity_0001", activity(1, type="changed"))
        assert walk(feed)[0]["type"] == "changed"
        with pytest.raises(ValueError, match="keeps its id"):
            feed.replace("activity_0001", activity(2))
