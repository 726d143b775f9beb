"""Pages, order, bounds, filters and cursors, over real HTTP."""

import msgspec
import pytest

from local_feed import LocalFeed
from local_feed.instants import to_micros

BOUND = "2026-02-03T10:00:00Z"


def place(record):
    return to_micros(record["created_at"]), record["id"]


@pytest.mark.parametrize("limit", [5000, 333, 100])
def test_reading_all_pages_gives_every_record_once_newest_first_ties_by_id(feed, walk, limit):
    records = walk(feed, limit=limit)
    assert [r["id"] for r in records] == [activity_id for activity_id, _ in feed.records()]
    places = [place(r) for r in records]
    assert places == sorted(places, reverse=True)
    assert len(set(places)) == len(feed) == 1_500


def test_ascending_order_is_the_reverse(feed, walk):
    assert walk(feed, limit=271, order="asc") == walk(feed, limit=5000)[::-1]


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_ties_are_never_split_wrongly_between_pages(activity, walk, order):
    tied = [activity(5, id=f"activity_{letter}") for letter in "dbBZca"] + [activity(4), activity(6)]
    with LocalFeed(records=tied) as feed:
        seen = [r["id"] for r in walk(feed, limit=1, order=order)]
    expected = ["activity_0006", *(f"activity_{letter}" for letter in "dcbaZB"), "activity_0004"]
    assert seen == (expected if order == "desc" else expected[::-1])


def test_the_bytes_of_a_record_are_those_the_feed_was_given(activity, ask):
    odd = b'{ "created_at":"2026-03-01T00:00:09.5+00:00",\n "id" : "activity_odd", "n": [1e3], "x": "\\u00e9\\/"}'
    with LocalFeed(records=[activity(1), odd, activity(2)]) as feed:
        body = ask(feed).content
        pieces = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
        records = msgspec.json.decode(pieces["data"], type=list[msgspec.Raw])
        assert bytes(records[0]) == odd
        assert feed.served["activity_odd"] == odd


def test_pages_back_from_a_cursor(feed, ask):
    first = ask(feed, limit=10).json()
    second = ask(feed, limit=10, after_id=first["last_id"]).json()
    back = ask(feed, limit=10, before_id=second["first_id"]).json()
    assert back["data"] == first["data"]
    assert back["has_more"] is False
    nearer = ask(feed, limit=4, before_id=second["first_id"]).json()
    assert nearer["data"] == first["data"][-4:]
    assert nearer["has_more"] is True


def test_an_empty_page_has_no_cursors(feed, ask):
    page = ask(feed, created_at__gte="2031-01-01T00:00:00Z").json()
    assert page == {"data": [], "has_more": False, "first_id": None, "last_id": None}


def test_has_more_is_false_on_a_full_last_page(activity, ask):
    with LocalFeed(records=[activity(n) for n in range(4)]) as feed:
        assert ask(feed, limit=4).json()["has_more"] is False
        assert ask(feed, limit=3).json()["has_more"] is True


def test_the_default_limit_is_100(feed, ask):
    assert len(ask(feed).json()["data"]) == 100


@pytest.mark.parametrize(
    ("bound", "seconds"),
    [
        ({"created_at__gte": "2026-03-01T00:00:02Z"}, [3, 2]),
        ({"created_at__gt": "2026-03-01T00:00:02Z"}, [3]),
        ({"created_at__lte": "2026-03-01T00:00:02Z"}, [2, 1, 0]),
        ({"created_at__lt": "2026-03-01T00:00:02Z"}, [1, 0]),
        ({"created_at__gte": "2026-03-01T01:00:01+01:00", "created_at__lt": "2026-03-01T00:00:03.000Z"}, [2, 1]),
        ({"created_at__gt": "2026-03-01T00:00:01.9999999Z"}, [3, 2]),
        ({"created_at__lt": "2026-03-01T00:00:02.0000001Z"}, [2, 1, 0]),
    ],
)
def test_bounds(activity, walk, bound, seconds):
    with LocalFeed(records=[activity(n) for n in range(4)]) as feed:
        assert [r["id"] for r in walk(feed, **bound)] == [f"activity_{n:04d}" for n in seconds]


def test_two_halves_of_time_are_the_whole(feed, walk):
    newer, older = walk(feed, created_at__gte=BOUND), walk(feed, created_at__lt=BOUND)
    assert newer
    assert older
    assert newer + older == walk(feed, limit=5000)


def test_filters_by_type(feed, walk):
    everything = walk(feed, limit=5000)
    kinds = ["claude_chat_created", "org_user_left"]
    assert walk(feed, limit=40, activity_types=kinds) == [r for r in everything if r["type"] in kinds]
    assert walk(feed, limit=700, exclude_activity_types=kinds) == [r for r in everything if r["type"] not in kinds]


def test_filters_by_user_under_both_names(feed, walk):
    everything = walk(feed, limit=5000)
    users = sorted({r["actor"]["user_id"] for r in everything if (r["actor"] or {}).get("user_id")})[:2]
    expected = [r for r in everything if (r["actor"] or {}).get("user_id") in users]
    assert walk(feed, limit=9, actor_ids=users) == expected
    assert walk(feed, limit=9, user_ids=users) == expected
    assert walk(feed, limit=9, user_ids=users[:1], actor_ids=users[1:]) == expected


@pytest.mark.parametrize(
    ("wanted", "seconds"),
    [("org_a", [4, 1]), ("00000000-0000-4000-8000-00000000000a", [4, 3, 1]), ("org_none", [4])],
)
def test_filters_by_organization_keep_rows_without_one(activity, walk, wanted, seconds):
    records = [
        activity(1),
        activity(2, organization_id="org_b", organization_uuid="00000000-0000-4000-8000-00000000000b"),
        activity(3, organization_id=None),
        activity(4, organization_id=None, organization_uuid=None),
    ]
    with LocalFeed(records=records) as feed:
        assert [r["id"] for r in walk(feed, organization_ids=[wanted])] == [f"activity_{n:04d}" for n in seconds]


def test_cursors_stay_valid_while_records_arrive(activity, ask):
    with LocalFeed(records=[activity(n) for n in range(10, 20)]) as feed:
        first = ask(feed, limit=4).json()
        feed.add(activity(30))
        feed.add(activity(12, id="activity_late"))
        rest = ask(feed, limit=100, after_id=first["last_id"]).json()["data"]
        assert [r["id"][-4:] for r in rest] == ["0015", "0014", "0013", "late", "0012", "0011", "0010"]


def test_cursors_survive_a_restart(cache, ask):
    options = {"size": 1_500, "seed": 7, "cache": cache}
    with LocalFeed(**options) as feed:
        cursor = ask(feed, limit=10).json()["last_id"]
        expected = ask(feed, limit=10, after_id=cursor).json()["data"]
    with LocalFeed(**options) as feed:
        assert ask(feed, limit=10, after_id=cursor).json()["data"] == expected


def test_cursors_are_opaque(feed, ask):
    page = ask(feed, limit=2).json()
    for record, cursor in zip(page["data"], (page["first_id"], page["last_id"]), strict=True):
        assert record["id"] not in cursor
        assert record["id"].removeprefix("activity_") not in cursor


def test_a_cursor_with_another_limit_is_still_valid(feed, ask):
    cursor = ask(feed, limit=10).json()["last_id"]
    assert ask(feed, limit=20, after_id=cursor).status_code == 200


def test_late_and_changed_records_in_a_rendered_history(feed, walk, activity):
    before = walk(feed, limit=5000)
    changed = {name: value for name, value in before[700].items() if name != "actor"}
    feed.replace(changed["id"], changed)
    late = activity(0, id="activity_late", created_at=before[300]["created_at"])
    feed.add(late)
    after = walk(feed, limit=97)
    assert sorted(r["id"] for r in after) == sorted([*(r["id"] for r in before), "activity_late"])
    assert changed in after
    assert before[700] not in after
    assert [place(r) for r in after] == sorted((place(r) for r in after), reverse=True)
    assert after[::-1] == walk(feed, limit=97, order="asc")
    with pytest.raises(KeyError):
        feed.replace("activity_unknown", activity(1, id="activity_unknown"))


def test_unreadable_records_are_served_at_their_given_time(activity, ask):
    with LocalFeed(records=[activity(1), activity(3)]) as feed:
        feed.add({"type": "no_id_at_all"}, at="2026-03-01T00:00:02Z")
        assert [r.get("id") for r in ask(feed).json()["data"]] == ["activity_0003", None, "activity_0001"]
        with pytest.raises(ValueError, match="id"):
            feed.add({"type": "no_id_at_all"})
