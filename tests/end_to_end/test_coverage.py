"""Coverage, blind spots and drift of the built warehouse, each recomputed from the feed's own records."""

import json
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from local_feed import LocalFeed
from local_feed.history.catalog import documented
from tests.rows import rows

Built = tuple[Path, dg.ExecuteInProcessResult]
COMMON_FIELDS = {"id", "created_at", "organization_id", "organization_uuid", "actor", "type"}
SWITCHES = ("compliance_api_enabled", "compliance_api_logging_enabled")


@pytest.fixture(scope="module")
def records(history: LocalFeed, built: Built) -> list[dict[str, Any]]:
    """What the feed had when it was read, in the order of time and id."""
    [(horizon,)] = rows(built[0], "select max(slice_end) from raw.extracts")
    found = [json.loads(text) for _, text in history.records()]
    before = [one for one in found if moment(one) < horizon]
    return sorted(before, key=lambda one: (moment(one), one["id"]))


def moment(record: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(record["created_at"]).astimezone(UTC).replace(tzinfo=None)


def test_every_day_is_covered_but_for_what_is_left_of_the_last(built: Built, records):
    path, _ = built
    per_day: dict[Any, int] = defaultdict(int)
    for one in records:
        per_day[moment(one).date()] += 1
    days = rows(
        path,
        "select coverage_date, status, is_closed, covered_seconds, activity_count, received_count, late_count, "
        "complete_walk_count, failed_walk_count, first_covered_at is null from marts.feed_coverage order by 1",
    )
    first, last = days[0][0], days[-1][0]
    assert first == min(per_day)
    assert [day[0] for day in days] == [first + timedelta(days=n) for n in range((last - first).days + 1)]
    for day in days[:-1]:
        count = per_day[day[0]]
        assert day[1:] == ("complete", True, 86_400, count, count, 0, 1, 0, False)
    [(horizon,)] = rows(path, "select max(slice_end) from raw.extracts")
    since_midnight = horizon - datetime.combine(last, datetime.min.time())
    assert days[-1][1:4] == ("partial", False, since_midnight // timedelta(seconds=1))


def test_blind_spots_are_what_folding_the_records_gives(built: Built, records):
    expected, open_since, states = [], {}, {}
    for one in records:
        if one["type"] != "org_compliance_api_settings_updated":
            continue
        for switch in SWITCHES:
            key, state = (one["organization_uuid"], switch), one[switch]
            if state is None or state == states.get(key):
                continue
            if state:
                began = open_since.pop(key, None)
                expected.append((*key, began and moment(began), moment(one), began and began["id"], one["id"]))
            else:
                open_since[key] = one
            states[key] = state
    assert not open_since
    assert any(spot[2] for spot in expected)
    found = rows(
        built[0],
        "select organization_uuid, switch, began_at, ended_at, switched_off_activity_id, switched_on_activity_id "
        "from marts.blind_spots",
    )
    assert sorted(map(repr, found)) == sorted(map(repr, expected))
    people = rows(
        built[0],
        "select count(*) from marts.blind_spots left join marts.activities as ons "
        "on switched_on_activity_id = ons.activity_id left join marts.activities as offs "
        "on switched_off_activity_id = offs.activity_id where is_open "
        "or switched_on_by_email is distinct from ons.actor_email "
        "or switched_off_by_actor_id is distinct from offs.actor_id",
    )
    assert people == [(0,)]


def test_drift_is_what_the_contract_does_not_have(built: Built, records):
    actor_fields = defaultdict(set)
    for part, name in rows(
        built[0], "select part_type, field_name from staging.documented_fields where part = 'actor'"
    ):
        actor_fields[part].add(name)
    everywhere = actor_fields.pop("*")
    seen: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
    for one in records:
        kind, actor = one["type"], one.get("actor") or {}
        if kind not in documented():
            seen["activity_type", kind, kind].append(one)
        for name in one.keys() - COMMON_FIELDS - documented().get(kind, {"fields": {}})["fields"].keys():
            seen["field", kind, name].append(one)
        if actor and actor["type"] not in actor_fields:
            seen["actor_type", actor["type"], actor["type"]].append(one)
        for name in actor.keys() - everywhere - actor_fields.get(actor.get("type"), set()):
            seen["actor_field", actor["type"], name].append(one)
    assert {kind for kind, _, _ in seen} == {"activity_type", "actor_type", "field", "actor_field"}
    expected = [(*key, len(ones), ones[0]["id"], moment(ones[0]), moment(ones[-1])) for key, ones in seen.items()]
    found = rows(
        built[0],
        "select drift_kind, coalesce(activity_type, actor_type), name, activity_count, example_activity_id, "
        "first_seen_at, last_seen_at from marts.schema_drift",
    )
    assert sorted(found) == sorted(expected)


def test_each_check_says_a_sentence(built: Built):
    ours = {
        "no_gaps", "history_is_read", "ledger_counts_equal_rows", "every_source_is_read",
        "newest_activity_is_recent", "own_reads_come_back", "documented_contract_is_current",
    }  # fmt: skip
    described = {one.check_name: one.description for one in built[1].get_asset_check_evaluations()}
    assert all(described[name].endswith(".") for name in ours)
    assert "h ago" in described["newest_activity_is_recent"]
