"""Lists that change during a walk, and the faults of a directory that the tests of its reader leave out."""

import threading

import pytest

from tests.local_feed.conftest import CONSOLE, ORGANIZATION
from tests.local_feed.test_directory import USAGE, USERS, ids

EVERYONE = [f"user_{n}" for n in range(5)]


@pytest.fixture
def walk(get):
    """Read all pages of a compliance list. Returns the ids and how many pages there were."""

    def read(feed, path=USERS, **query):
        found, pages, token = [], 0, {}
        while True:
            page = get(feed, path, **query, **token).json()
            found += [item["id"] for item in page["data"]]
            pages += 1
            if page["next_page"] is None:
                return found, pages
            token = {"page": page["next_page"]}

    return read


def test_a_member_comes_and_goes(served, get):
    directory = served.directory
    directory.add_member(ORGANIZATION, "user_9", email="p9@a.example", added_at="2024-04-01T00:00:00Z")
    directory.remove_member(ORGANIZATION, "user_1")
    assert ids(get(served, USERS)) == ["user_0", "user_2", "user_3", "user_4", "user_9"]
    # Removed users vanish from groups at once.
    assert ids(get(served, "/v1/compliance/groups/rbac_group_1/members"), "user_id") == []


def test_a_member_of_two_organizations_stays_in_groups_until_the_last_one(served, get):
    directory = served.directory
    directory.add("group_members", "rbac_group_1", user_id="user_0", email="p0@a.example")
    directory.remove_member(CONSOLE, "user_0")
    assert ids(get(served, "/v1/organizations/workspaces/wrkspc_1/members"), "user_id") == []
    assert "user_0" in ids(get(served, "/v1/compliance/groups/rbac_group_1/members"), "user_id")
    directory.remove_member(ORGANIZATION, "user_0")
    assert "user_0" not in ids(get(served, "/v1/compliance/groups/rbac_group_1/members"), "user_id")


def test_a_removed_group_is_unknown_with_all_its_members(served, get):
    served.directory.remove("groups", "rbac_group_1")
    assert get(served, "/v1/compliance/groups/rbac_group_1/members").status_code == 404
    served.directory.add("groups", id="rbac_group_1", name="Again")
    assert ids(get(served, "/v1/compliance/groups/rbac_group_1/members"), "user_id") == []


def test_settings_and_undocumented_fields(served, get):
    served.directory.set_setting(ORGANIZATION, "web_search_enabled", True)
    served.directory.set_setting(ORGANIZATION, "account_session_duration_seconds", 60)
    served.directory.modify("compliance_keys", "apikey_c", surprise={"deep": [1]})
    body = get(served, f"/v1/compliance/organizations/{ORGANIZATION}/settings").json()
    assert {item["name"]: (item["type"], item["value"]) for item in body["settings"]} == {
        "account_session_duration_seconds": ("integer", 60),
        "web_search_enabled": ("boolean", True),
    }
    assert body["api_keys"][0]["surprise"] == {"deep": [1]}


def test_mistakes_in_a_test_are_errors(served):
    directory = served.directory
    with pytest.raises(ValueError, match="unknown fields"):
        directory.add("groups", id="rbac_group_7", nmae="x")
    with pytest.raises(ValueError, match="there already"):
        directory.add("groups", id="rbac_group_1")
    with pytest.raises(KeyError):
        directory.add("gruops", id="x")
    with pytest.raises(KeyError):
        directory.remove("groups", "rbac_group_9")
    with pytest.raises(KeyError):
        directory.modify("users", "user_9", ORGANIZATION, email="x")


def test_a_list_that_changes_during_a_walk_repeats_and_skips_nothing(served, get):
    token = get(served, USERS, limit=2).json()["next_page"]
    served.directory.remove_member(ORGANIZATION, "user_1")
    served.directory.add_member(ORGANIZATION, "user_9", email="p9@a.example", added_at="2024-01-01T00:00:00Z")
    assert ids(get(served, USERS, page=token)) == ["user_2", "user_3", "user_4"]


@pytest.mark.parametrize(("moved", "seen"), [("user_4", ["user_4"]), ("user_0", [])])
def test_an_item_that_moves_during_a_walk_is_read_twice_or_not_at_all(served, get, moved, seen):
    path = "/v1/organizations/users"
    for n in range(1, 5):
        who = {"email": f"p{n}@a.example", "added_at": f"2024-03-0{n}T00:00:00Z"}
        served.directory.add_member(CONSOLE, f"user_{n}", **who)
    first = get(served, path, limit=2).json()
    assert [item["id"] for item in first["data"]] == ["user_4", "user_3"]
    to = {"user_4": "2024-01-01T00:00:00Z", "user_0": "2024-09-09T00:00:00Z"}[moved]
    served.directory.modify("members", moved, CONSOLE, added_at=to)
    rest = ids(get(served, path, after_id=first["last_id"]))
    assert [item for item in rest if item == moved] == seen


def test_a_held_page_shows_what_was_there_when_it_was_asked_for(served, get):
    served.faults.add("hold", path="/users")
    answers = []
    reading = threading.Thread(target=lambda: answers.append(get(served, USERS)))
    reading.start()
    served.faults.wait_until_met()
    served.directory.remove_member(ORGANIZATION, "user_1")
    while reading.is_alive():
        served.faults.release()
        reading.join(0.01)
    assert ids(answers[0]) == EVERYONE
    assert "user_1" not in ids(get(served, USERS))


def test_faults_are_for_the_directory_or_for_the_feed(served, get):
    served.faults.add("error", status=503)
    served.faults.add("error", status=502, path="/groups")
    assert get(served, USERS).status_code == 200
    assert get(served, "/v1/compliance/groups").status_code == 502
    assert get(served, "/v1/compliance/activities").status_code == 503
    served.faults.add("error", status=500, path="/", times=0, pages="later")
    first = get(served, USERS, limit=2).json()
    assert get(served, USERS, limit=2, page=first["next_page"]).status_code == 500
    assert get(served, "/v1/organizations/users", after_id="user_0").status_code == 500


def test_short_pages_with_id_cursors_and_in_the_usage_report(served, get):
    served.directory.add_member(CONSOLE, "user_1", email="p1@a.example")
    served.faults.add("short_page", path="/v1/organizations/users")
    page = get(served, "/v1/organizations/users").json()
    assert (len(page["data"]), page["has_more"]) == (1, True)
    rest = get(served, "/v1/organizations/users", after_id=page["last_id"]).json()
    assert (len(rest["data"]), rest["has_more"]) == (1, False)
    days = {"starting_at": "2026-05-01T00:00:00Z", "ending_at": "2026-05-04T00:00:00Z"}
    served.faults.add("empty_page", path=USAGE)
    page = get(served, USAGE, **days).json()
    assert (page["data"], page["has_more"]) == ([], True)
    assert len(get(served, USAGE, **days, page=page["next_page"]).json()["data"]) == 3


def test_items_repeated_and_moved(served, walk):
    served.faults.add("duplicate_in_page", path=USERS)
    assert walk(served, limit=2)[0] == ["user_0", "user_1", "user_1", "user_2", "user_3", "user_4"]
    served.faults.add("duplicate_across_pages", path=USERS)
    assert walk(served, limit=2)[0] == ["user_0", "user_1", "user_1", "user_2", "user_3", "user_4"]
    served.faults.add("out_of_order", path=USERS)
    assert walk(served, limit=2)[0] == ["user_1", "user_0", "user_2", "user_3", "user_4"]
    served.faults.add("ends_early", path=USERS)
    assert walk(served, limit=2) == (["user_0", "user_1"], 1)
