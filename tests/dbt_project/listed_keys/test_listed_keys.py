"""What walks of the lists of keys add to events: the status, periods and attributes of a key."""

import pytest

from tests.conftest import Query
from tests.dbt_project.cases.test_keys import key, periods


def test_a_listed_key_that_no_event_showed_has_a_row(listed_keys: Query):
    columns = (
        "key_type, organization_uuid, status, is_active, is_creation_observed, created_at::varchar, "
        "created_by_actor_id, name, first_seen_at::varchar, partial_key_hint, is_in_directory"
    )
    assert key(listed_keys, "apikey_old", columns) == (
        *("platform_api_key", "A", "active", True, False, "2025-06-01 00:00:00"),
        *("user_maker", "name of apikey_old", "2026-02-05 10:00:00", "sk-ant-api03-R2D...igAA", True),
    )
    assert key(listed_keys, "apikey_same", "key_type, organization_uuid, status, scopes, created_by_actor_id") == (
        *("scoped_api_key", None, "inactive", ["read:compliance_activities"], "user_maker"),
    )


@pytest.mark.parametrize(
    ("key_id", "expected"),
    [
        ("apikey_old", [("active", "25-06-01 00:00:00", None, False, False)]),
        ("apikey_off", [("inactive", None, None, False, False)]),
        ("apikey_over", [("expired", "26-01-15 00:00:00", None, False, False)]),
        ("apikey_ends", [
            ("active", "25-06-01 00:00:00", "26-02-12 00:00:00", False, False),
            ("expired", "26-02-12 00:00:00", None, False, False),
        ]),
        ("apikey_B", [
            ("active", "25-06-01 00:00:00", "26-02-07 10:00:00", False, True),
            ("inactive", "26-02-07 10:00:00", "26-02-10 10:00:00", True, False),
            ("active", "26-02-10 10:00:00", None, False, False),
        ]),
        ("apikey_gone", [
            ("active", "25-06-01 00:00:00", "26-02-10 10:00:00", False, False),
            ("deleted", "26-02-10 10:00:00", None, False, False),
        ]),
        ("apikey_back", [
            ("active", "25-06-01 00:00:00", "26-02-10 10:00:00", False, False),
            ("deleted", "26-02-10 10:00:00", "26-02-15 10:00:00", False, False),
            ("inactive", "26-02-15 10:00:00", None, False, False),
        ]),
        ("apikey_final", [
            ("active", "25-06-01 00:00:00", "26-02-07 10:00:00", False, True),
            ("deleted", "26-02-07 10:00:00", None, True, False),
        ]),
        ("apikey_seen", [("active", "26-02-02 10:00:00", None, True, False)]),
        ("apikey_P1", [
            ("active", "26-02-02 10:00:00", "26-02-04 00:00:00", True, False),
            ("expired", "26-02-04 00:00:00", None, False, False),
        ]),
        ("apikey_P2", [
            ("active", "25-06-01 00:00:00", "26-01-15 00:00:00", False, False),
            ("expired", "26-01-15 00:00:00", None, False, False),
        ]),
        ("apikey_used", [("active", "26-02-01 10:00:00", None, False, False)]),
        ("apikey_never", [("active", None, None, False, False)]),
        ("admin_api_key_G", [
            ("active", "26-02-02 10:00:00", "26-02-05 10:00:00", True, False),
            ("inactive", "26-02-05 10:00:00", None, False, False),
        ]),
        ("apikey_H1", [
            ("active", "25-06-01 00:00:00", "26-02-10 10:01:00", False, True),
            ("archived", "26-02-10 10:01:00", None, True, False),
        ]),
        ("apikey_H3", [("active", "26-02-10 10:00:20", None, True, False)]),
        ("apikey_I1", [
            ("active", "25-06-01 00:00:00", "26-02-02 10:00:00", False, True),
            ("inactive", "26-02-02 10:00:00", None, True, False),
        ]),
        ("apikey_I2", [("inactive", None, None, False, False)]),
        ("apikey_I3", [
            ("expired", None, "26-02-02 10:00:00", False, True),
            ("inactive", "26-02-02 10:00:00", "26-02-05 10:00:00", True, False),
            ("archived", "26-02-05 10:00:00", None, False, False),
        ]),
        ("apikey_J", [
            ("active", "26-02-02 10:00:00", "26-02-08 00:00:00", True, False),
            ("expired", "26-02-08 00:00:00", None, False, False),
        ]),
        ("apikey_K", [("active", "25-06-01 00:00:00", None, False, False)]),
        ("apikey_L", [
            ("active", "25-06-01 00:00:00", "26-02-06 10:00:00", False, False),
            ("inactive", "26-02-06 10:00:00", "26-02-07 10:00:00", False, False),
            ("active", "26-02-07 10:00:00", None, False, False),
        ]),
        ("apikey_M", [
            ("active", "25-06-01 00:00:00", "26-02-20 10:00:00", False, True),
            ("deleted", "26-02-20 10:00:00", None, True, False),
        ]),
    ],
)  # fmt: skip
def test_periods_follow_events_and_walks(listed_keys: Query, key_id: str, expected: list[tuple[object, ...]]):
    assert periods(listed_keys, key_id, "%y-%m-%d %H:%M:%S") == expected


def test_what_an_event_made_final_stays(listed_keys: Query):
    assert key(listed_keys, "apikey_final", "status, ended_at::varchar, ended_by_actor_id, is_in_directory") == (
        *("deleted", "2026-02-07 10:00:00", "user_D_admin", True),
    )


def test_a_key_that_left_its_list_is_deleted_until_it_is_listed_again(listed_keys: Query):
    ended = "status, is_active, ended_at::varchar, ended_by_actor_id, is_in_directory"
    assert key(listed_keys, "apikey_gone", ended) == ("deleted", False, "2026-02-10 10:00:00", None, False)
    assert key(listed_keys, "apikey_back", ended) == ("inactive", False, None, None, True)
    assert key(listed_keys, "apikey_left", ended) == ("deleted", False, "2026-02-20 10:00:00", None, False)


def test_the_last_statement_counts_and_a_list_states_null_too(listed_keys: Query):
    columns = "name, expires_at, workspace_id, created_at::varchar, created_by_actor_id, is_creation_observed"
    assert key(listed_keys, "apikey_seen", columns) == (
        *("by event again", None, None, "2026-02-02 10:00:00", "user_E_admin", True),
    )
    assert key(listed_keys, "apikey_I2", "name") == ("name of apikey_I2",)


def test_a_used_key_that_is_listed_is_one_row_of_the_listed_type(listed_keys: Query):
    columns = "key_type, use_count, first_seen_at::varchar, created_at::varchar, is_in_directory"
    assert key(listed_keys, "apikey_used", columns) == (
        *("platform_api_key", 2, "2026-02-03 10:00:00", "2026-02-01 10:00:00", True),
    )
    assert key(listed_keys, "apikey_never", "key_type, is_in_directory") == ("unknown", None)
    assert listed_keys("select key_id, key_type, status from marts.key_lifecycle where key_id like '%key_G'") == [
        ("admin_api_key_G", "admin_api_key", "inactive")
    ]


@pytest.mark.parametrize(
    ("key_id", "owner"),
    [
        ("apikey_owned", ("user", "user_own", None)),
        ("apikey_robot", ("service_account", "svac_own", None)),
        ("apikey_space", (None, None, "wrkspc_1")),
        # Only the creation states it; the list says that the key belongs to nobody.
        ("apikey_made", ("service_account", "svac_own", None)),
        ("apikey_shared", (None, None, None)),
        ("apikey_seen", (None, None, None)),
    ],
)
def test_the_owner_is_read_in_any_shape(listed_keys: Query, key_id: str, owner: tuple[object, ...]):
    assert key(listed_keys, key_id, "owner_type, owner_id, workspace_id") == owner


def test_expiry_ends_a_key_when_it_was_due(listed_keys: Query):
    ended = "status, is_active, ended_at::varchar"
    assert key(listed_keys, "apikey_over", ended) == ("expired", False, "2026-01-15 00:00:00")
    assert key(listed_keys, "apikey_ends", ended) == ("active", False, None)
    assert key(listed_keys, "apikey_J", ended) == ("expired", False, "2026-02-08 00:00:00")


def test_a_key_that_had_ended_before_ended_when_that_was_stated_and_not_when_it_was_renamed(listed_keys: Query):
    ended = "status, ended_at::varchar"
    assert key(listed_keys, "apikey_I4", ended) == ("archived", "2026-02-05 10:00:00")
    assert key(listed_keys, "apikey_I5", ended) == ("archived", "2026-02-03 10:00:00")


@pytest.mark.parametrize(
    ("key_id", "before", "now"),
    [
        ("apikey_Q1", None, "active"),
        ("apikey_Q2", ("inactive", None), "active"),
        ("apikey_Q3", ("active", "06-01 00:00"), "expired"),
        ("apikey_Q4", ("active", "06-01 00:00"), "deleted"),
    ],
)
def test_no_later_event_began_what_a_walk_did(
    listed_keys: Query, key_id: str, before: tuple[str, str | None] | None, now: str
):
    found = [(*before, "02-10 10:00", False, False)] if before else []
    began = "02-10 10:00" if before else "06-01 00:00"
    assert periods(listed_keys, key_id) == [*found, (now, began, None, False, False)]
    assert listed_keys(
        "select p.key_id from marts.key_periods as p "
        "join marts.activities as a on p.started_by_activity_id = a.activity_id "
        "where p.status <> 'expired' and p.valid_from <> a.occurred_at"
    ) == []  # fmt: skip


def test_a_key_that_no_walk_showed_is_known_not_to_be_listed(listed_keys: Query):
    for key_id in ("apikey_unlisted", "apikey_hidden"):
        assert key(listed_keys, key_id, "status, is_in_directory") == ("active", False)


def test_the_list_of_another_parent_says_nothing_of_a_key(listed_keys: Query):
    assert key(listed_keys, "apikey_other", "status, is_in_directory, ended_at") == ("active", True, None)
    assert key(listed_keys, "apikey_same", "status, is_in_directory") == ("inactive", True)


def test_only_events_are_rows_of_key_events(listed_keys: Query):
    assert listed_keys("select count(*) from marts.key_events where activity_id is null") == [(0,)]
    assert listed_keys(
        "select previous_status, current_status from marts.key_events where key_id = 'apikey_B'"
    ) == [("active", "inactive")]  # fmt: skip


def test_every_key_has_one_row_and_a_current_period_that_agrees(listed_keys: Query):
    assert listed_keys(
        "select k.key_id, k.status, p.status from marts.key_lifecycle as k "
        "left join marts.key_periods as p on k.key_type = p.key_type and k.key_id = p.key_id and p.is_current "
        "where k.status <> p.status and k.is_active or p.key_id is null or k.is_active <> (p.status = 'active')"
    ) == []  # fmt: skip
    assert listed_keys("select key_id from marts.key_lifecycle group by key_id having count(*) > 1") == []
