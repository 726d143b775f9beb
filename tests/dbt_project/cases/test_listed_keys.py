"""What walks of the lists of keys add to events: the status, periods and attributes of a key."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.dbt_project.cases.conftest import Query
from tests.dbt_project.cases.stories import Story, at, built
from tests.dbt_project.walks import Item

WALKS = ("02-05 10:00", "02-10 10:00", "02-15 10:00", "02-20 10:00")


def listed(key_id: str, status: str = "active", **fields: object) -> Item:
    """An item of `api_keys`, created before logging began."""
    return {
        "id": key_id,
        "type": "api_key",
        "name": f"name of {key_id}",
        "status": status,
        "partial_key_hint": "sk-ant-api03-R2D...igAA",
        "created_at": "2025-06-01T00:00:00Z",
        "created_by": {"id": "user_maker", "type": "user"},
        "expires_at": None,
        "principal": None,
        "workspace_id": None,
        "scope": {"type": "organization"},
    } | fields


def compliance(key_id: str, is_active: bool = True, **fields: object) -> Item:
    """An item of `settings.api_keys`."""
    return {
        "id": key_id,
        "name": f"name of {key_id}",
        "scopes": ["read:compliance_activities"],
        "is_active": is_active,
        "created_at": "2025-06-01T00:00:00Z",
        "created_by_id": "user_maker",
        "type": "compliance_api_key",
    } | fields


def tell() -> Story:
    """Each organization has one list of platform keys; the list of compliance keys is one for all."""
    story = Story()

    def walks(organization: str, *lists: list[Item], times: tuple[str, ...] = WALKS) -> None:
        for time, items in zip(times, lists, strict=False):
            story.directory.walk("api_keys", organization, at(time), {item["id"]: item for item in items})

    def update(organization: str, time: str, key_id: str, kind: str, previous: str | None, current: str) -> str:
        changes = [{"type": kind, "previous_value": previous, "current_value": current}]
        return story.event(organization, time, "platform_api_key_updated", api_key_id=key_id, updates=changes)

    def use(organization: str, time: str, key_id: str, kind: str = "api_actor") -> None:
        actor = {"type": kind, ("api_key_id" if kind == "api_actor" else "admin_api_key_id"): key_id}
        story.event(organization, time, "compliance_api_accessed", actor=actor, status_code=200)

    # The newest activity of all, before which what is "past" is past.
    story.event("Z", "03-01 00:00", "chat_created")

    # Only listed: from before logging, one active, one off, one that has expired and one that expires.
    old = [
        listed("apikey_old"),
        listed("apikey_off", "inactive"),
        listed("apikey_over", "expired", expires_at="2026-01-15T00:00:00Z"),
        listed("apikey_ends", expires_at="2026-02-12T00:00:00Z"),
        listed("apikey_owned", principal={"type": "user_actor", "user_id": "user_own"}),
        listed("apikey_robot", principal={"id": "svac_own", "type": "service_account"}),
        listed("apikey_space", scope={"type": "workspace", "workspace_id": "wrkspc_1"}, workspace_id="wrkspc_1"),
    ]
    walks("A", old, old)

    # An event switches it off; the next walk, with the same bytes, says that it is on.
    walks("B", [listed("apikey_B")], [listed("apikey_B")], [listed("apikey_B")])
    update("B", "02-07 10:00", "apikey_B", "status", "active", "inactive")

    # Gone, then listed again; one that stays gone.
    both = [listed("apikey_back"), listed("apikey_gone")]
    walks("C", both, [], [listed("apikey_back", "inactive")])

    # An event deletes a key of the compliance list, which shows it all the same.
    keys = [compliance("apikey_final"), compliance("apikey_left"), compliance("apikey_same", False)]
    for time in WALKS[:3]:
        story.directory.walk("compliance_keys", None, at(time), {item["id"]: item for item in keys})
    story.directory.walk("compliance_keys", None, at(WALKS[3]), {"apikey_final": keys[0], "apikey_same": keys[2]})
    story.event("D", "02-07 10:00", "scoped_api_key_deleted", api_key_id="apikey_final")
    story.event("D", "02-01 10:00", "api_key_created", api_key_id="apikey_unlisted", scopes=["read:user"])

    # The creation is seen; the list names its attributes, and states null where events had a value.
    story.event(
        *("E", "02-02 10:00", "platform_api_key_created"),
        api_key_id="apikey_seen", expires_at="2027-01-01T00:00:00Z", scope={"workspace_id": "wrkspc_old"},
    )  # fmt: skip
    update("E", "02-03 10:00", "apikey_seen", "name", None, "by event")
    walks("E", [listed("apikey_seen", name="by list", created_at="2026-02-02T09:59:59Z")])
    update("E", "02-06 10:00", "apikey_seen", "name", "by list", "by event again")

    # Used before it was listed, under another prefix too.
    use("F", "02-03 10:00", "apikey_used")
    use("F", "02-04 10:00", "admin_api_key_used", "admin_api_key_actor")
    use("F", "02-04 10:00", "apikey_never")
    walks("F", [listed("apikey_used", created_at="2026-02-01T10:00:00")])

    # An admin key that the list shows under the other prefix is no second key.
    story.event("G", "02-02 10:00", "admin_api_key_created", admin_api_key_id="admin_api_key_G", name="g")
    walks("G", [listed("apikey_G", "inactive")])

    # Events while the walk ran, and within the minute after it, date what it saw.
    walks("H", [listed("apikey_H1"), listed("apikey_H2")], [listed("apikey_H1", "archived"), listed("apikey_H3")])
    update("H", "02-10 10:01:00", "apikey_H1", "status", "active", "archived")
    story.event("H", "02-10 10:00:20", "platform_api_key_created", api_key_id="apikey_H3")

    # A change is seen first, before any walk; and one that states no status.
    walks("I", [listed("apikey_I1", "inactive"), listed("apikey_I2", "inactive"), listed("apikey_I3", "archived")])
    update("I", "02-02 10:00", "apikey_I1", "status", "active", "inactive")
    update("I", "02-02 10:00", "apikey_I2", "name", "a", "b")
    update("I", "02-02 10:00", "apikey_I3", "status", "expired", "inactive")

    # The list says that it has expired.
    story.event("J", "02-02 10:00", "platform_api_key_created", api_key_id="apikey_J")
    expired = listed("apikey_J", "expired", expires_at="2026-02-08T00:00:00Z")
    walks("J", [listed("apikey_J", expires_at="2026-02-08T00:00:00Z")], [expired])

    # Walks that say nothing.
    story.directory.walk("api_keys", "K", at("02-05 10:00"), {"apikey_K": listed("apikey_K")})
    story.directory.walk("api_keys", "K", at("02-06 10:00"), {}, status="failed")
    story.directory.walk("api_keys", "K", at("02-07 10:00"), {}, status="refused")

    # Two sources read one list; the second saw the key switched off while the first had not looked.
    story.directory.walk("api_keys", "L", at("02-05 10:00"), {"apikey_L": listed("apikey_L")})
    story.directory.walk(
        "api_keys", "L", at("02-06 10:00"), {"apikey_L": listed("apikey_L", "inactive")}, source="b"
    )
    story.directory.walk("api_keys", "L", at("02-07 10:00"), {"apikey_L": listed("apikey_L")})

    # The organization ends: so do the keys it was known to have.
    walks("M", [listed("apikey_M")])
    story.event("M", "02-20 10:00", "org_deleted_via_bulk", actor={"type": "anthropic_actor"})
    return story


@pytest.fixture(scope="session", params=["whole", "increments", "shuffled"])
def told(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Query]:
    models = ("--select", "+key_lifecycle", "+key_periods", "+key_events")
    with built(tell(), request.param, tmp_path_factory.mktemp("listed_keys"), *models) as query:
        yield query


def key(told: Query, key_id: str, columns: str) -> tuple[object, ...]:
    [row] = told(f"select {columns} from marts.key_lifecycle where key_id = $1", key_id)
    return row


def periods(told: Query, key_id: str) -> list[tuple[object, ...]]:
    """Status, from, to: times as `02-01 10:00`; with the activities that began and ended each."""
    return told(
        """
        select
            status, strftime(valid_from, '%y-%m-%d %H:%M:%S'), strftime(valid_to, '%y-%m-%d %H:%M:%S'),
            started_by_activity_id is not null, ended_by_activity_id is not null
        from marts.key_periods where key_id = $1
        order by valid_from nulls first
        """,
        key_id,
    )


def test_a_listed_key_that_no_event_showed_has_a_row(told: Query):
    columns = (
        "key_type, organization_uuid, status, is_active, is_creation_observed, created_at::varchar, "
        "created_by_actor_id, name, first_seen_at::varchar, partial_key_hint, is_in_directory"
    )
    assert key(told, "apikey_old", columns) == (
        *("platform_api_key", "A", "active", True, False, "2025-06-01 00:00:00"),
        *("user_maker", "name of apikey_old", "2026-02-05 10:00:00", "sk-ant-api03-R2D...igAA", True),
    )
    assert key(told, "apikey_same", "key_type, organization_uuid, status, scopes, created_by_actor_id") == (
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
def test_periods_follow_events_and_walks(told: Query, key_id: str, expected: list[tuple[object, ...]]):
    assert periods(told, key_id) == expected


def test_what_an_event_made_final_stays(told: Query):
    assert key(told, "apikey_final", "status, ended_at::varchar, ended_by_actor_id, is_in_directory") == (
        *("deleted", "2026-02-07 10:00:00", "user_D_admin", True),
    )


def test_a_key_that_left_its_list_is_deleted_until_it_is_listed_again(told: Query):
    ended = "status, is_active, ended_at::varchar, ended_by_actor_id, is_in_directory"
    assert key(told, "apikey_gone", ended) == ("deleted", False, "2026-02-10 10:00:00", None, False)
    assert key(told, "apikey_back", ended) == ("inactive", False, None, None, True)
    assert key(told, "apikey_left", ended) == ("deleted", False, "2026-02-20 10:00:00", None, False)


def test_the_last_statement_counts_and_a_list_states_null_too(told: Query):
    columns = "name, expires_at, workspace_id, created_at::varchar, created_by_actor_id, is_creation_observed"
    assert key(told, "apikey_seen", columns) == (
        *("by event again", None, None, "2026-02-02 10:00:00", "user_E_admin", True),
    )
    assert key(told, "apikey_I2", "name") == ("name of apikey_I2",)


def test_a_used_key_that_is_listed_is_one_row_of_the_listed_type(told: Query):
    columns = "key_type, use_count, first_seen_at::varchar, created_at::varchar, is_in_directory"
    assert key(told, "apikey_used", columns) == (
        *("platform_api_key", 2, "2026-02-03 10:00:00", "2026-02-01 10:00:00", True),
    )
    assert key(told, "apikey_never", "key_type, is_in_directory") == ("unknown", None)
    assert told("select key_id, key_type, status from marts.key_lifecycle where key_id like '%key_G'") == [
        ("admin_api_key_G", "admin_api_key", "inactive")
    ]


@pytest.mark.parametrize(
    ("key_id", "owner"),
    [
        ("apikey_owned", ("user", "user_own", None)),
        ("apikey_robot", ("service_account", "svac_own", None)),
        ("apikey_space", (None, None, "wrkspc_1")),
    ],
)
def test_the_owner_is_read_in_either_shape(told: Query, key_id: str, owner: tuple[object, ...]):
    assert key(told, key_id, "owner_type, owner_id, workspace_id") == owner


def test_expiry_ends_a_key_when_it_was_due(told: Query):
    ended = "status, is_active, ended_at::varchar"
    assert key(told, "apikey_over", ended) == ("expired", False, "2026-01-15 00:00:00")
    assert key(told, "apikey_ends", ended) == ("active", False, None)
    assert key(told, "apikey_J", ended) == ("expired", False, "2026-02-08 00:00:00")


def test_a_key_that_no_walk_showed_is_known_not_to_be_listed(told: Query):
    assert key(told, "apikey_unlisted", "status, is_in_directory") == ("active", False)


def test_only_events_are_rows_of_key_events(told: Query):
    assert told("select count(*) from marts.key_events where activity_id is null") == [(0,)]
    assert told(
        "select previous_status, current_status from marts.key_events where key_id = 'apikey_B'"
    ) == [("active", "inactive")]  # fmt: skip


def test_every_key_has_one_row_and_a_current_period_that_agrees(told: Query):
    assert told(
        "select k.key_id, k.status, p.status from marts.key_lifecycle as k "
        "left join marts.key_periods as p on k.key_type = p.key_type and k.key_id = p.key_id and p.is_current "
        "where k.status <> p.status and k.is_active or p.key_id is null or k.is_active <> (p.status = 'active')"
    ) == []  # fmt: skip
    assert told("select key_id from marts.key_lifecycle group by key_id having count(*) > 1") == []
