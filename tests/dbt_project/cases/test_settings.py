"""What settings were when, by events and by walks, and where the two disagree."""

import json
import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Query
from tests.dbt_project.walks import Items, Walk, built_in_parts

ONE = "33333333-0000-4000-8000-000000000003"
ACTOR = {
    "type": "user_actor", "user_id": "user_1", "email_address": "ada@example.com", "ip_address": "10.0.0.1",
    "user_agent": "test",
}  # fmt: skip


def change(
    at: str, name: str, before: Any, after: Any, kind: str = "claude_organization_settings_updated"
) -> bytes:
    record = {
        "id": f"activity_{name}_{at}", "created_at": at, "organization_id": f"org_{ONE}", "organization_uuid": ONE,
        "actor": ACTOR, "type": kind,
        "updates": [{"type": name, "previous_value": before, "current_value": after}],
    }  # fmt: skip
    return json.dumps(record).encode()


def walk(at: str, **values: Any) -> Walk:
    items: Items = {name: {"name": name, "type": "boolean", "value": value} for name, value in values.items()}
    return Walk("settings", ONE, datetime.fromisoformat(at), items)


RECORDS = [
    change("2026-05-02T10:00:00Z", "chat_enabled", True, False),
    change("2026-05-04T09:00:00Z", "skills_enabled", False, True),
    # Recorded by the feed just after the walk that shows it already, and just before one that does not yet.
    change("2026-05-05T10:00:20Z", "public_projects_enabled", False, True),
    change("2026-05-06T09:59:50Z", "web_search_enabled", True, False),
    change("2026-05-05T10:00:30Z", "members_limit", 5, None),
    change("2026-05-03T10:00:00Z", "web_search_enabled", False, True, "claude_user_settings_updated"),
]
ALWAYS = {"account_session_duration_seconds": 3600, "allowed_invite_domains": ["a.example", "b.example"]}
WALKS = [
    walk("2026-05-03 10:00:00", skills_enabled=False, public_projects_enabled=False, web_search_enabled=True,
         chat_enabled=False, members_limit=5, **ALWAYS),
    # The same bytes as before an event say again what the walk found.
    walk("2026-05-05 10:00:00", skills_enabled=False, public_projects_enabled=True, web_search_enabled=True,
         chat_enabled=True, members_limit=None, **ALWAYS),
    # A setting that is no longer listed is not off.
    walk("2026-05-06 10:00:00", skills_enabled=False, public_projects_enabled=True, web_search_enabled=True,
         chat_enabled=True, members_limit=None, account_session_duration_seconds=7200),
]  # fmt: skip
SWITCH = [
    Walk("compliance_settings", ONE, datetime(2026, 5, day, 10), {ONE: {"state": {"type": state}}}, source="admin")
    for day, state in ((4, "enabled"), (5, "disabled"))
]


@pytest.fixture(scope="module", params=["whole", "shuffled"])
def settings(
    request: pytest.FixtureRequest, curated: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Query]:
    path = Path(shutil.copy(curated, tmp_path_factory.mktemp("settings")))
    walks = sorted([*WALKS, *SWITCH], key=lambda one: one.started_at)
    parts = {"whole": [(RECORDS, walks)],
             "shuffled": [([], walks), (RECORDS[::-2], []), (RECORDS[-2::-2], [])]}  # fmt: skip
    with built_in_parts(path, parts[request.param], "+settings_history", "+int_setting_differences") as query:
        yield query


def setting_periods(settings: Query, setting: str) -> list[tuple[Any, ...]]:
    return settings(
        """
        select value, strftime(valid_from, '%d %H:%M:%S'), strftime(valid_to, '%d %H:%M:%S'), start_reason,
            started_by_email
        from marts.settings_history where organization_uuid = $1 and setting = $2
        and object_type <> 'user_setting' order by valid_from nulls first
        """,
        ONE,
        setting,
    )


def test_a_walk_begins_a_period_where_it_finds_another_value(settings: Query):
    assert setting_periods(settings, "chat_enabled") == [
        ("true", None, "02 10:00:00", None, None),
        ("false", "02 10:00:00", "05 10:00:00", "event", "ada@example.com"),
        ("true", "05 10:00:00", None, "directory", None),
    ]
    assert setting_periods(settings, "skills_enabled") == [
        ("false", None, "04 09:00:00", "directory", None),
        ("true", "04 09:00:00", "05 10:00:00", "event", "ada@example.com"),
        ("false", "05 10:00:00", None, "directory", None),
    ]


def test_what_the_first_walk_finds_was_so_before_and_what_is_not_listed_stays(settings: Query):
    assert setting_periods(settings, "account_session_duration_seconds") == [
        ("3600", None, "06 10:00:00", "directory", None),
        ("7200", "06 10:00:00", None, "directory", None),
    ]
    assert setting_periods(settings, "allowed_invite_domains") == [
        ('["a.example","b.example"]', None, None, "directory", None)
    ]
    assert setting_periods(settings, "compliance_settings") == [
        ("enabled", None, "05 10:00:00", "directory", None),
        ("disabled", "05 10:00:00", None, "directory", None),
    ]


def test_an_event_of_the_minute_after_a_walk_dates_what_the_walk_found(settings: Query):
    assert setting_periods(settings, "public_projects_enabled") == [
        ("false", None, "05 10:00:20", "directory", None),
        ("true", "05 10:00:20", None, "event", "ada@example.com"),
    ]
    # A setting that is cleared, too.
    assert setting_periods(settings, "members_limit") == [
        ("5", None, "05 10:00:30", "directory", None),
        (None, "05 10:00:30", None, "event", "ada@example.com"),
    ]


def test_a_setting_of_ones_own_is_the_persons(settings: Query):
    assert settings(
        "select object_id, value, is_current from marts.settings_history "
        "where object_type = 'user_setting' order by valid_from nulls first"
    ) == [("user_1", "false", False), ("user_1", "true", True)]


def test_only_settings_that_events_know_can_differ(settings: Query):
    found = settings(
        """
        select object_id, event_value, directory_value, explanation, strftime(since, '%d'), scope_id, walk_id
        from intermediate.int_setting_differences order by object_id
        """
    )
    newest = WALKS[-1].walk_id
    assert found == [
        ("chat_enabled", "false", "true", "unexplained", "05", ONE, newest),
        ("skills_enabled", "true", "false", "unexplained", "05", ONE, newest),
        ("web_search_enabled", "false", "true", "within_delay", "06", ONE, newest),
    ]
