"""The made-up history is deterministic, complete and consistent."""

import json
from collections import Counter, defaultdict

import pytest

from local_feed.archive import RenderedHistory
from local_feed.history import History
from local_feed.history.catalog import documented
from local_feed.history.kinds import ONLY_IN_STORIES
from local_feed.instants import to_micros

ENVELOPE = {"id", "created_at", "organization_id", "organization_uuid", "actor", "type"}
SYSTEM = {"claude_hologram_projected", "org_moonbase_settings_updated"}


def rendered(size, seed=7):
    return [record for batch in History(seed, size).batches() for record in batch]


@pytest.fixture(scope="module")
def smallest():
    return rendered(1_000)


@pytest.fixture(scope="module")
def larger():
    """Large enough for people without a story and for every actor of every type; oldest first."""
    return [json.loads(record.text) for record in rendered(20_000)][::-1]


def of_type(records, kind):
    return [record for record in records if record["type"] == kind]


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(smallest):
    assert rendered(1_000) == smallest
    others = {record.activity_id for record in rendered(1_000, seed=8)}
    assert others.isdisjoint(record.activity_id for record in smallest)


@pytest.mark.parametrize("size", [1_000, 1_001, 2_345, 12_000])
def test_a_history_has_exactly_its_size_newest_first_each_id_once(size):
    records = rendered(size)
    assert len({record.activity_id for record in records}) == len(records) == size
    assert [r[:2] for r in records] == sorted((r[:2] for r in records), reverse=True)


def test_the_index_agrees_with_the_bytes(smallest):
    for at, activity_id, facet, text in smallest:
        content = json.loads(text)
        assert (at, activity_id) == (to_micros(content["created_at"]), content["id"])
        actor = content.get("actor") or {}
        ids = (content.get("organization_id"), content.get("organization_uuid"))
        assert facet == (content["type"], *ids, actor.get("user_id"))


def test_the_smallest_size_has_every_documented_type(smallest):
    seen = {record.facet.activity_type for record in smallest}
    assert set(documented()) <= seen
    assert seen - set(documented()) == SYSTEM


def test_the_smallest_size_has_every_actor_type_and_an_unknown_one(smallest):
    actors = {(json.loads(record.text).get("actor") or {}).get("type") for record in smallest}
    known = {actor for spec in documented().values() for actor in spec["actors"]}
    assert actors == known | {"robot_actor", None}


def test_required_fields_are_there_and_actors_are_allowed(larger):
    for record in larger:
        spec = documented().get(record["type"])
        if spec is None or (record.get("actor") or {}).get("type") == "robot_actor":
            continue
        missing = {n for n, f in spec["fields"].items() if f["required"]} - set(record)
        assert not missing, record
        nulls = {
            n for n, f in spec["fields"].items() if n in record and record[n] is None and "null" not in f["type"]
        }
        assert not nulls, record
        if record["actor"] is not None:
            assert record["actor"]["type"] in spec["actors"], record


def test_a_larger_history_has_every_actor_of_every_other_type(larger):
    seen = {(r["type"], (r.get("actor") or {}).get("type")) for r in larger}
    allowed = {(k, a) for k, spec in documented().items() if k not in ONLY_IN_STORIES for a in spec["actors"]}
    assert allowed <= seen


def test_nobody_acts_before_joining_or_after_leaving_except_kofi(larger):
    outside = Counter()
    gone, joined = set(), set()
    arrivals = first_arrivals(larger)
    for record in larger:
        actor, place = record.get("actor") or {}, record.get("organization_uuid")
        who = (actor.get("user_id"), place)
        is_outside = who in gone or (who in arrivals and who not in joined)
        if actor.get("type") == "user_actor" and who[0] and is_outside:
            outside[record["type"], actor["email_address"]] += 1
        came, left = movement(record)
        joined |= {came} if came else set()
        gone = (gone - {came}) | ({left} if left else set())
    answers = {"org_user_invite_rejected", "org_user_invite_accepted"}
    late = {key: count for key, count in outside.items() if key[0] not in answers}
    assert set(late) == {
        (kind, "kofi@meridian.example")
        for kind in ("claude_chat_viewed", "claude_file_viewed", "claude_chat_created")
    }


def movement(record):
    """Who (user, organization) joins with this record, and who leaves."""
    place, kind = record.get("organization_uuid"), record["type"]
    actor = (record.get("actor") or {}).get("user_id")
    if kind == "org_user_invite_accepted":
        return (actor, place), None
    if kind == "scim_user_created":
        return (record["user_id"], place), None
    if kind == "claude_user_role_updated" and record["previous_role"] is None:
        return (record["user_id"], place), None
    if kind == "claude_user_role_updated" and record["current_role"] is None:
        return None, (record["user_id"], place)
    if kind in ("org_user_left", "account_deleted"):
        return None, (actor, place)
    if kind == "org_user_deleted":
        return None, (record["deleted_user_id"], place)
    return (None, None) if kind != "scim_user_deleted" else (None, (record["user_id"], place))


def first_arrivals(records):
    """People whose first movement is to join."""
    first = {}
    for record in records:
        for direction, who in zip(("came", "left"), movement(record), strict=True):
            if who:
                first.setdefault(who, direction)
    return {who for who, direction in first.items() if direction == "came"}


def test_nothing_is_recorded_while_logging_is_off(larger):
    off_since = {}
    silences = []
    for record in larger:
        place = record.get("organization_uuid")
        if (
            record["type"] == "org_compliance_api_settings_updated"
            and not record["compliance_api_logging_enabled"]
        ):
            off_since[place] = record["created_at"]
        elif place in off_since:
            assert record["type"] == "org_compliance_api_settings_updated"
            silences.append((off_since.pop(place), record["created_at"]))
    assert len(silences) == 2
    assert not off_since


def test_ends_of_keys_come_after_their_beginnings(larger):
    begun = defaultdict(list)
    for record in larger:
        for kind, field in (
            ("api_key_created", "api_key_id"),
            ("platform_api_key_created", "api_key_id"),
            ("admin_api_key_created", "admin_api_key_id"),
        ):
            if record["type"] == kind:
                begun[record[field]].append(record["created_at"])
    used = defaultdict(list)
    for record in of_type(larger, "compliance_api_accessed"):
        used[record["actor"]["api_key_id"]].append(record["created_at"])
    assert all(len(times) == 1 for times in begun.values())
    assert len(begun) > 15
    together = [key for key in begun if key in used]
    assert len(together) > 5
    assert all(to_micros(min(used[key])) > to_micros(begun[key][0]) for key in together)


def test_an_admin_key_acts_under_both_of_its_names(larger):
    made = {r["admin_api_key_id"].rpartition("_")[2] for r in of_type(larger, "admin_api_key_created")}
    acting = {r["actor"]["api_key_id"].rpartition("_")[2] for r in of_type(larger, "compliance_api_accessed")}
    itself = {
        r["actor"]["admin_api_key_id"].rpartition("_")[2]
        for r in larger
        if (r.get("actor") or {}).get("type") == "admin_api_key_actor"
    }
    assert made & acting & itself
    assert (acting & itself) - made


def test_oddities_are_there(smallest):
    contents = [json.loads(record.text) for record in smallest]
    assert max(len(record.text) for record in smallest) > 15_000
    fractions = {
        len(c["created_at"].partition(".")[2].rstrip("Z")) if "." in c["created_at"] else 0 for c in contents
    }
    assert fractions >= set(range(7))
    ties = Counter(record.at for record in smallest)
    assert max(ties.values()) >= 5
    names = {c["filename"] for c in contents if isinstance(c.get("filename"), str)}
    assert any("DROP TABLE" in name for name in names)
    assert any("\u0000" in name for name in names)
    minimal = [json.dumps(c, ensure_ascii=False, separators=(",", ":")).encode() for c in contents]
    assert sum(a != b.text for a, b in zip(minimal, smallest, strict=True)) > 50
    assert any(len(c.get("updates") or ()) > 1 for c in contents)
    assert any(c.get("organization_uuid") and c["organization_id"] is None for c in contents)


def test_sign_ins_and_api_calls_belong_to_no_organization(larger):
    for kind in ("sso_login_succeeded", "user_logged_out", "compliance_api_accessed"):
        assert {r["organization_uuid"] for r in of_type(larger, kind)} == {None}


def test_a_history_is_rendered_once_and_cached(tmp_path):
    first = History(5, 1_000).archive(tmp_path)
    made = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    again = History(5, 1_000).archive(tmp_path)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == made
    assert bytes(first.span(0, 1_000)) == bytes(again.span(0, 1_000))


def test_a_failed_rendering_leaves_nothing_behind(tmp_path, monkeypatch):
    def breaks_off(self):
        yield []
        raise RuntimeError("disk full")

    monkeypatch.setattr(History, "batches", breaks_off)
    with pytest.raises(RuntimeError, match="disk full"):
        History(5, 1_000).archive(tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert len(RenderedHistory()) == 0


@pytest.mark.parametrize(("size", "end"), [(999, "2026-10-31T23:59:59Z"), (2_000, "2025-05-20T00:00:00Z")])
def test_a_history_that_is_too_small_is_refused(size, end):
    with pytest.raises(ValueError, match="at least"):
        History(1, size, end=end)


def test_another_window_holds_the_same_stories():
    history = History(7, 1_000, start="2024-01-01T06:00:00Z", end="2024-04-01T00:00:00Z")
    records = [record for batch in history.batches() for record in batch]
    assert len(records) == 1_000
    assert set(documented()) <= {record.facet.activity_type for record in records}
    assert (
        to_micros("2024-01-01T06:00:00Z") <= records[-1].at <= records[0].at <= to_micros("2024-04-01T00:00:00Z")
    )
