"""What became of a key: its status, its periods, its expiry, its maker."""

import pytest

from tests.conftest import Query

LIFECYCLE = "select {columns} from marts.key_lifecycle where key_id = $1"


def key(cases: Query, key_id: str, columns: str) -> tuple[object, ...]:
    [row] = cases(LIFECYCLE.format(columns=columns), key_id)
    return row


def periods(cases: Query, key_id: str, form: str = "%m-%d %H:%M") -> list[tuple[object, ...]]:
    """Status, from and to in this form, and whether an activity began and ended it."""
    return cases(
        """
        select
            status, strftime(valid_from, $2), strftime(valid_to, $2),
            started_by_activity_id is not null, ended_by_activity_id is not null
        from marts.key_periods where key_id = $1
        order by valid_from nulls first
        """,
        key_id,
        form,
    )


def test_a_creation_may_state_another_status(cases: Query):
    assert key(cases, "sk_S46", "status, is_active, ended_at") == ("pending", False, None)
    assert periods(cases, "sk_S46") == [("pending", "02-01 10:00", None, True, False)]


def test_the_end_of_an_organization_ends_its_keys(cases: Query):
    found = key(cases, "apikey_01s13key", "status, is_active, ended_at::varchar, ended_by_actor_id")
    assert found == ("deleted", False, "2026-11-11 09:00:00", "anthropic")
    assert cases(
        "select key_id, event_type, previous_status, current_status from marts.key_events "
        "where activity_id = 'activity_K_bulk' order by key_id"
    ) == [
        ("apikey_K05", "ended", "active", "deleted"),
        ("oauth_K05", "ended", "active", "deleted"),
        ("srvk_K05", "ended", "revoked", "revoked"),
    ]
    assert key(cases, "apikey_K05", "key_type, status, use_count, lifecycle_event_count") == (
        *("unknown", "deleted", 1, 1),
    )
    assert periods(cases, "apikey_K05") == [
        ("active", None, "02-03 10:00", False, True),
        ("deleted", "02-03 10:00", None, True, False),
    ]
    assert key(cases, "srvk_K05", "status, ended_at::varchar") == ("revoked", "2026-02-02 10:00:00")
    # Seen only afterwards: nothing says that the organization had it then.
    assert key(cases, "extkey_K05", "status, name") == ("active", "b")


@pytest.mark.parametrize("key_id", ["jti_S30", "jti_s14", "apikey_01s14exp"])
def test_a_key_past_its_expiry_is_not_active(cases: Query, key_id: str):
    found = key(cases, key_id, "status, is_active, ended_at, expires_at is not null")
    assert found == ("active", False, None, True)
    assert [status for status, *_ in periods(cases, key_id)] == ["active", "expired"]


def test_no_count_of_active_keys_has_one_past_its_expiry(cases: Query):
    assert cases("select active_key_count from marts.users where user_id = 'user_S30_bob'") == [(0,)]
    # Of the case with a rotated token only the token is left.
    assert cases("select active_key_count from marts.users where user_id = 'user_01s14adm'") == [(1,)]
    assert cases(
        "select count(*) from marts.key_lifecycle as k "
        "join marts.key_periods as p on p.key_type = k.key_type and p.key_id = k.key_id and p.is_current "
        "where k.is_active <> (p.status = 'active')"
    ) == [(0,)]


def test_a_rotated_token_is_changed_and_stays(cases: Query):
    assert cases(
        "select event_type, activity_type, previous_status, current_status, is_status_change "
        "from marts.key_events where key_id = 'ttok_01s14' order by event_number"
    ) == [
        ("created", "tunnel_token_minted", None, "active", True),
        ("updated", "tunnel_token_rotated", "active", "active", False),
    ]
    assert key(cases, "ttok_01s14", "name, is_active, lifecycle_event_count") == ("edge", True, 2)


@pytest.mark.parametrize("key_id", ["admin_api_key_01s2k1", "admin_api_key_01s2k2"])
def test_within_a_second_what_is_possible_happened(cases: Query, key_id: str):
    found = key(cases, key_id, "status, is_active, ended_at::varchar, is_creation_observed")
    assert found == ("deleted", False, "2026-11-05 10:00:00", True)
    assert periods(cases, key_id)[-1] == ("deleted", "11-05 10:00", None, True, False)


def test_where_something_is_open_the_end_comes_first(cases: Query):
    assert periods(cases, "svac_K11") == [("archived", "02-01 10:00", None, True, False)]
    assert key(cases, "svac_K11", "ended_by_actor_id") == ("user_K_adm",)
    # The account was there already: archived and made again, and no time passed between.
    assert key(cases, "svac_K12", "status, lifecycle_event_count") == ("active", 3)
    assert periods(cases, "svac_K12") == [("active", "02-01 10:00", None, True, False)]


def test_a_first_seen_change_says_what_was_before(cases: Query):
    assert cases(
        "select previous_status, current_status, is_status_change, name from marts.key_events "
        "where key_id = 'apikey_K01' order by event_number"
    ) == [("inactive", "inactive", False, "b"), ("inactive", "archived", True, "b")]
    assert periods(cases, "apikey_K01") == [
        ("inactive", None, "02-02 10:00", False, True),
        ("archived", "02-02 10:00", None, True, False),
    ]
    assert key(cases, "apikey_K01", "created_at, ended_at::varchar") == (None, "2026-02-02 10:00:00")


def test_what_is_final_stays(cases: Query):
    found = key(cases, "apikey_K02", "status, name, ended_at::varchar, ended_by_actor_id, lifecycle_event_count")
    assert found == ("deleted", "new name", "2026-02-02 10:00:00", "user_K_adm", 3)
    changed = key(cases, "apikey_K02", "last_changed_at::varchar, last_changed_by_actor_id")
    assert changed == ("2026-02-03 10:00:00", "user_K_late")


def test_a_key_seen_only_in_use_has_one_row(cases: Query):
    rows = cases(
        "select key_id, key_type, use_count, status, first_seen_at::varchar, lifecycle_event_count "
        "from marts.key_lifecycle where key_id like '%K03' or key_id like '%K04' order by key_id"
    )
    assert rows == [
        ("admin_api_key_K04", "admin_api_key", 2, "active", "2026-02-01 10:00:00", 0),
        ("apikey_K03", "unknown", 2, "active", "2026-02-01 10:00:00", 0),
    ]
    assert periods(cases, "apikey_K03") == [("active", None, None, False, False)]


def test_a_rotation_ends_one_key_and_begins_another(cases: Query):
    assert key(cases, "sk_K06a", "status, lifecycle_event_count") == ("rotated", 2)
    assert key(cases, "sk_K06b", "status, lifecycle_event_count, created_at::varchar") == (
        *("active", 1, "2026-02-02 10:00:00"),
    )


def test_an_expiry_can_be_put_off(cases: Query):
    assert key(cases, "apikey_K07", "is_active, expires_at::varchar, workspace_id") == (
        *(True, "2027-06-01 00:00:00", "wrkspc_K07"),
    )
    assert periods(cases, "apikey_K07") == [
        ("active", "02-01 10:00", "02-10 00:00", True, False),
        ("expired", "02-10 00:00", "02-20 10:00", False, True),
        ("active", "02-20 10:00", None, True, False),
    ]


def test_what_ended_before_its_expiry_does_not_expire(cases: Query):
    assert periods(cases, "jti_K08") == [
        ("active", "02-01 10:00", "02-05 10:00", True, True),
        ("revoked", "02-05 10:00", None, True, False),
    ]


def test_an_expired_key_ended_when_it_expired(cases: Query):
    found = key(cases, "apikey_K09", "status, is_active, ended_at::varchar, last_changed_at::varchar")
    assert found == ("expired", False, "2026-02-10 00:00:00", "2026-02-12 10:00:00")
    assert periods(cases, "apikey_K09") == [
        ("active", "02-01 10:00", "02-05 10:00", True, True),
        ("inactive", "02-05 10:00", "02-10 00:00", True, True),
        ("expired", "02-10 00:00", None, True, False),
    ]


def test_the_changes_of_one_event_apply_in_order(cases: Query):
    assert cases(
        "select previous_status, current_status, is_status_change, workspace_id from marts.key_events "
        "where key_id = 'apikey_K10' order by event_number"
    ) == [
        (None, "active", True, None),
        ("active", "active", True, "wrkspc_K10"),
        ("active", "inactive", True, "wrkspc_K10"),
    ]
    assert [status for status, *_ in periods(cases, "apikey_K10")] == ["active", "inactive"]


def test_what_names_no_key_of_ours_makes_no_row(cases: Query):
    assert cases("select count(*) from marts.key_events where key_id = 'jti_K13' or name = 'nobody'") == [(0,)]
    assert cases("select count(*) from marts.key_lifecycle where key_id = 'jti_K13' or name = 'nobody'") == [(0,)]


def test_whether_the_maker_has_left_is_asked_of_each_organization(cases: Query):
    rows = cases(
        "select key_id, is_creator_offboarded from marts.key_lifecycle where created_by_actor_id = 'user_K_bob' "
        "order by key_id"
    )
    assert rows == [("apikey_orgKA", True), ("apikey_orgKB", False), ("apikey_orgKnone", True)]


def test_a_maker_who_was_only_ever_seen_leaving_has_left(cases: Query):
    assert key(cases, "apikey_S11K", "is_active, is_creator_offboarded") == (True, True)
