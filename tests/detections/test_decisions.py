"""Decisions about findings: what may be decided, that none is lost or changed, and when a build shows them."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from orchestration.detections.decisions import Decision, DecisionError, decide, has_news, require_storable_subject
from orchestration.intervals import naive_utc
from orchestration.verification.verify import verify
from orchestration.warehouse.connection import open_warehouse

SEEN = Decision("acknowledged", "on-call", "case 7")
LONG_AGO = datetime(2026, 1, 1)


@pytest.fixture
def seen(path: Path) -> Path:
    """A warehouse with three findings, as a build would have them."""
    with open_warehouse(path) as connection:
        connection.execute("create schema detections; create schema marts")
        connection.execute(
            "create table detections.finding_history as from (values ('aaaaaaaa1', 'self_elevation', 'user_1'), "
            "('aaaaaaaa2', 'self_elevation', 'user_2'), ('bbbbbbbb1', 'key_unused', 'apikey_1')) "
            "as findings (finding_id, rule_id, subject_id)"
        )
        connection.execute("create table marts.findings (triage_status varchar, muted_until timestamp)")
    return path


@pytest.fixture
def connection(seen: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with open_warehouse(seen) as connection:
        yield connection


def stored(connection: duckdb.DuckDBPyConnection) -> list[tuple]:
    return connection.execute(
        "select decision_number, finding_id, rule_id, subject_id, status from raw.finding_decisions order by all"
    ).fetchall()


def test_a_finding_is_named_by_its_beginning_and_a_subject_by_its_rule(connection: duckdb.DuckDBPyConnection):
    assert decide(connection, SEEN, ["bbbbbbbb", "aaaaaaaa1"]) == [1, 2]
    mute = Decision.stated("muted", "on-call", "case 8", f"{datetime.now(UTC).date() + timedelta(days=2)}")
    assert decide(connection, mute, rule_id="self_elevation", subject_id="user_2") == [3]
    assert stored(connection) == [
        (1, "bbbbbbbb1", None, None, "acknowledged"),
        (2, "aaaaaaaa1", None, None, "acknowledged"),
        (3, None, "self_elevation", "user_2", "muted"),
    ]


@pytest.mark.parametrize(
    ("named", "sentence"),
    [
        ({}, "Name findings"),
        ({"findings": ["bbbbbbbb1"], "rule_id": "key_unused", "subject_id": "apikey_1"}, "Name findings"),
        ({"rule_id": "key_unused"}, "Name findings"),
        ({"findings": ["bbbbbbbb1", "aaaaaaaa"]}, "2 findings begin with"),
        ({"findings": ["cccccccc"]}, "There is no finding"),
        ({"findings": ["b"]}, "too short"),
        ({"rule_id": "key_unussed", "subject_id": "apikey_1"}, "Did you mean key_unused"),
        ({"rule_id": "key_unused", "subject_id": "apikey_2"}, "no finding about this subject"),
    ],
)
def test_what_is_not_there_is_not_decided_on(
    connection: duckdb.DuckDBPyConnection, named: dict[str, object], sentence: str
):
    with pytest.raises(DecisionError, match=sentence):
        decide(connection, SEEN, **named)
    assert stored(connection) == []


@pytest.mark.parametrize(
    ("stated", "sentence"),
    [
        (("closed", "on-call", "case 7", ""), "is not a status"),
        (("resolved", "", "case 7", ""), "State who decides"),
        (("resolved", "on-call", " ", ""), "State why"),
        (("resolved", "ada@corp.example", "case 7", ""), "without an email address"),
        (("muted", "on-call", "case 7", ""), "UNTIL is required with muted"),
        (("resolved", "on-call", "case 7", "2999-01-01"), "UNTIL is required with muted"),
        (("muted", "on-call", "case 7", "2026-01-01"), "in the past"),
        (("muted", "on-call", "case 7", "soon"), "Use a date like"),
    ],
)
def test_a_decision_says_by_whom_and_why(stated: tuple[str, str, str, str], sentence: str):
    with pytest.raises(DecisionError, match=sentence) as raised:
        Decision.stated(*stated)
    assert "@" not in str(raised.value)


@pytest.mark.parametrize("subject", ["ada@corp.example", "203.0.113.7", "2001:db8::7"])
def test_dagster_is_given_no_address(subject: str):
    with pytest.raises(DecisionError, match="make triage"):
        require_storable_subject(subject)
    require_storable_subject("user_1")


@pytest.mark.parametrize(
    "tampering",
    [
        "update raw.finding_decisions set status = 'resolved' where decision_number = 1",
        "update raw.finding_decisions set note = 'another' where decision_number = 2",
        "update raw.finding_decisions set note = null, removal_id = 9 where decision_number = 2",
        "delete from raw.finding_decisions where decision_number = 1",
    ],
)
def test_a_decision_that_was_changed_is_found(seen: Path, tampering: str):
    path = seen
    with open_warehouse(path) as connection:
        decide(connection, SEEN, ["bbbbbbbb1", "aaaaaaaa1", "aaaaaaaa2"])
    assert verify(path).findings == []
    with open_warehouse(path) as again:
        again.execute(tampering)
    assert "decisions_hold" in {one.name for one in verify(path).findings}


def test_a_decision_and_the_end_of_a_mute_are_news_for_a_build(connection: duckdb.DuckDBPyConnection):
    assert not has_news(connection, LONG_AGO)
    decide(connection, SEEN, ["bbbbbbbb1"])
    assert has_news(connection, LONG_AGO)
    built_at = naive_utc(datetime.now(UTC))
    assert not has_news(connection, built_at)
    connection.execute("insert into marts.findings values ('muted', '2999-01-01')")
    assert not has_news(connection, built_at)
    connection.execute("insert into marts.findings values ('muted', '2026-01-01')")
    assert has_news(connection, built_at)


def test_a_build_of_a_clock_that_was_ahead_hides_no_decision(connection: duckdb.DuckDBPyConnection):
    decide(connection, SEEN, ["bbbbbbbb1"])
    assert has_news(connection, datetime(2999, 1, 1))
