"""Attestation: what it states is what the feed answered, and it says what it cannot know."""

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from local_feed import LocalFeed
from orchestration import __version__
from orchestration.attestation.attest import AttestationError, attest, last_month, read_period
from orchestration.evidence.seals import seal_days
from orchestration.ingest.run import refresh
from orchestration.intervals import Kind, Slice
from orchestration.warehouse.connection import open_warehouse
from orchestration.warehouse.errors import WarehouseError
from tests.conftest import source_of
from tests.histories import FIRST_DAY, build, land_slice, record

DAYS = 4
START = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=10)


def activity(name: str, at: datetime, kind: str = "x", **fields: Any) -> dict[str, Any]:
    created_at = at.isoformat().replace("+00:00", "Z")
    actor = {"type": "user_actor", "user_id": "u", "email_address": "ada@example.com", "ip_address": "203.0.113.7"}
    return {
        "id": name, "created_at": created_at, "organization_uuid": "org-1", "actor": actor, "type": kind
    } | fields  # fmt: skip


@pytest.fixture(scope="module")
def feed() -> Iterator[LocalFeed]:
    """Four days of five activities."""
    hours = [START + timedelta(days=day, hours=hour) for day in range(DAYS) for hour in range(1, 6)]
    records = [activity(f"activity_{n:02}", at) for n, at in enumerate(hours)]
    with LocalFeed(records=records) as feed:
        yield feed


@pytest.fixture(scope="module")
def stated(feed: LocalFeed, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any], str]:
    """The warehouse, and what is stated about the four days: as data and as text."""
    path = tmp_path_factory.mktemp("attested") / "warehouse.duckdb"
    assert refresh(source_of(feed, page_size=5), path).is_complete
    with open_warehouse(path) as connection:
        seal_days(connection)
    return path, *state_of(path, START.date(), (START + timedelta(days=DAYS - 1)).date())


def state_of(path: Path, first: date, last: date) -> tuple[dict[str, Any], str]:
    [written] = attest(path, read_period(str(first), str(last)))
    statement = json.loads(written.json.read_text())
    assert (written.is_complete, written.source) == (statement["is_complete"], "test")
    return statement, written.markdown.read_text()


def test_the_counts_and_hashes_are_those_of_the_feed(stated, feed: LocalFeed):
    _, statement, _ = stated
    assert statement["is_complete"]
    assert (statement["source"], statement["feed_host"]) == ("test", "loopback")
    days: dict[str, list[tuple[str, str]]] = {}
    for name, text in feed.records():
        days.setdefault(json.loads(text)["created_at"][:10], []).append((name, hashlib.sha256(text).hexdigest()))
    hashes = {
        day: hashlib.sha256("".join(one for _, one in sorted(found)).encode()).hexdigest()
        for day, found in sorted(days.items())
    }
    assert {day["date"]: day["day_sha256"] for day in statement["days"]} == hashes
    assert statement["period_sha256"] == hashlib.sha256("".join(hashes.values()).encode()).hexdigest()
    assert [day["activity_count"] for day in statement["days"]] == [5] * DAYS
    assert all(day["is_sealed"] and len(day["seals"]) == 1 for day in statement["days"])
    counts = statement["counts"]
    assert (counts["activity_count"], counts["sealed_day_count"], counts["failed_extract_count"]) == (20, DAYS, 0)


def test_each_slice_says_how_it_was_proven(stated, feed: LocalFeed):
    """Five activities on pages of five: each day's one page was full, and one more request confirmed it."""
    path, statement, _ = stated
    answered = {seen.request_id for seen in feed.requests}
    assert statement["counts"]["slices_by_proof"] == {"short_page": 0, "confirmed": DAYS, "empty": 0}
    for one in statement["slices"]:
        assert (one["page_count"], one["request_count"], one["received_count"]) == (2, 2, 5)
        assert one["first_cursor"]
        assert one["last_cursor"]
        assert {one["first_request_id"], one["last_request_id"]} <= answered
        assert one["first_request_id"] != one["last_request_id"]
    after = START.date() + timedelta(days=DAYS)
    statement, text = state_of(path, after, after)
    assert statement["counts"]["slices_by_proof"] == {"short_page": 0, "confirmed": 0, "empty": 1}
    assert "| 1 | The feed had nothing in the slice and said so. |" in text


def test_without_tables_the_blind_spots_are_unknown_and_the_statement_says_so(stated):
    _, statement, text = stated
    assert statement["blind_spots"] is None
    assert "not built yet" in statement["blind_spots_remark"]
    assert statement["blind_spots_remark"] in text


def test_without_tables_the_agreement_is_unknown_and_the_statement_says_so(stated):
    _, statement, text = stated
    assert statement["agreement"] == []
    assert "not built yet" in statement["agreement_remark"]
    assert statement["agreement_remark"] in text


TABLES = """
create schema if not exists marts;
create table marts.organizations as
    select 'org-1' as organization_uuid, 'Labs | <1>' as organization_name union all select 'org-2', 'Other';
create table marts.state_agreement as
    select col0 as organization_uuid, col1 as object_kind, col2 as compared_count, col3 as agreeing_count,
        col4 as difference_count, col5 as unexplained_count
    from (values ('org-1', 'member', 40, 38, 2, 1), ('org-2', 'member', 5, 5, 0, 0), (null, 'key', 2, 2, 0, 0));
create table marts.state_differences as
    from (values ('org-1', 'blind_spot'), ('org-1', 'unexplained'), ('org-2', 'unexplained'))
        as differences (organization_uuid, explanation);
"""


def test_it_states_how_far_events_and_directory_agree(stated, tmp_path: Path):
    path = tmp_path / "warehouse.duckdb"
    path.write_bytes(stated[0].read_bytes())
    with open_warehouse(path) as connection:
        connection.execute(TABLES)
    statement, text = state_of(path, START.date(), START.date())
    found = [(row["organization"], row["object_kind"], row["agreeing_count"]) for row in statement["agreement"]]
    assert found == [("org-1", "member", 38), (None, "key", 2)]
    assert statement["differences_by_explanation"] == {"blind_spot": 1, "unexplained": 1}
    assert "| member | 40 | 38 (95%) | 1 |" in text
    assert "Differences by explanation: 1 blind_spot, 1 unexplained." in text
    with open_warehouse(path) as connection:
        connection.execute("delete from marts.state_agreement")
    assert "No directory is read" in state_of(path, START.date(), START.date())[1]


def test_nothing_personal_is_in_it(stated):
    _, statement, text = stated
    for form in (json.dumps(statement), text):
        assert "ada@example.com" not in form
        assert "203.0.113.7" not in form
        assert "user_actor" not in form


def test_it_says_what_it_cannot_know(stated):
    _, statement, text = stated
    assert len(statement["cannot_know"]) == 6
    for sentence in statement["cannot_know"]:
        assert sentence in text
    assert "local feed" in text


def test_the_same_warehouse_and_period_give_the_same_bytes_but_for_the_time(stated):
    path, statement, text = stated
    first, last = START.date(), START.date() + timedelta(days=DAYS - 1)
    again, text_again = state_of(path, first, last)
    assert statement | {"written_at": ""} == again | {"written_at": ""}
    lines = [line for line in text.splitlines() if not line.startswith("| Written")]
    assert lines == [line for line in text_again.splitlines() if not line.startswith("| Written")]


def test_a_gap_and_what_repaired_it_are_named(path: Path):
    noon = START + timedelta(hours=12)
    records = [activity(f"a{day}", noon + timedelta(days=day)) for day in range(3)]
    second = (START + timedelta(days=1)).date()
    with LocalFeed(records=records) as feed:
        feed.faults.add("error", times=0, status=400, covers=f"{second}T12:00:00Z")
        refresh(source_of(feed), path)
        statement, text = state_of(path, START.date(), START.date() + timedelta(days=2))
        assert not statement["is_complete"]
        assert "**Not complete.**" in text
        assert [gap["start"][:10] for gap in statement["gaps"]] == [str(second)]
        assert [day["coverage"] for day in statement["days"]] == ["complete", "missing", "complete"]
        [failed] = statement["failed_extracts"]
        assert (failed["repeated_by"], failed["is_repaired"]) == (None, False)
        assert "**nothing yet**" in text
        feed.faults.clear()
        refresh(source_of(feed), path)
    statement, text = state_of(path, START.date(), START.date() + timedelta(days=2))
    assert statement["is_complete"]
    [failed] = statement["failed_extracts"]
    assert failed["is_repaired"]
    [repair] = [one for one in statement["slices"] if one["extract_id"] == failed["repeated_by"]]
    assert (repair["status"], repair["received_count"]) == ("complete", 1)
    assert f"extract {repair['extract_id']}" in text


def test_addresses_in_the_words_of_an_error_are_left_out(path: Path):
    build(path)
    with open_warehouse(path) as connection:
        land_slice(connection, start=FIRST_DAY, outcome="failed")
        connection.execute(
            "update raw.extracts set error = 'No route from 203.0.113.7 or 2001:db8::8:800:200c:417a "
            "for ada@example.com. <script>alert(1)</script>' where status = 'failed'"
        )
    statement, text = state_of(path, FIRST_DAY.date(), FIRST_DAY.date())
    assert not statement["is_complete"], "the failed extract has to be repeated"
    assert "No route from (address)" in json.dumps(statement)
    assert r"No route from \(address\)" in text
    assert "<script" not in text
    for form in (json.dumps(statement), text):
        assert "203.0.113" not in form
        assert "ada@" not in form
        assert "2001:db8" not in form


def test_late_and_revised_records_and_further_seals_are_reported(path: Path):
    build(path)
    with open_warehouse(path) as connection:
        seal_days(connection)
        day_end = FIRST_DAY + timedelta(days=1)
        interval = Slice(Kind.RECONCILE, FIRST_DAY, day_end, late_before=day_end)
        land_slice(
            connection,
            record("late", FIRST_DAY),
            record("activity_01", FIRST_DAY, changed=True),
            time_slice=interval,
        )
    statement, text = state_of(path, FIRST_DAY.date(), FIRST_DAY.date())
    assert (statement["counts"]["late_count"], statement["counts"]["revision_count"]) == (1, 1)
    assert statement["counts"]["sealed_day_count"] == 0
    assert "which does not match what is stored now" in text
    with open_warehouse(path) as connection:
        seal_days(connection)
    statement, text = state_of(path, FIRST_DAY.date(), FIRST_DAY.date())
    assert [seal["seal_version"] for seal in statement["days"][0]["seals"]] == [1, 2]
    assert statement["counts"]["sealed_day_count"] == 1
    assert "(version 2: 1 activity arrived late)" in text


def test_a_long_period_is_reported_month_by_month(path: Path):
    build(path)
    statement, text = state_of(path, date(2026, 4, 1), date(2026, 7, 31))
    assert len(statement["days"]) == 122
    assert "| 2026-05 | 5 of 31 | 0 of 31 | 12 | 5 | 0 | 0 | not yet sealed |" in text
    assert len(text.splitlines()) < 100
    assert [gap["start"][:10] for gap in statement["gaps"]] == ["2026-04-01", "2026-05-06"]


def test_the_last_month_is_the_default():
    assert str(last_month(date(2026, 3, 1))) == "2026-02-01 to 2026-02-28"
    assert str(last_month(date(2026, 1, 31))) == "2025-12-01 to 2025-12-31"
    assert read_period(None, "").last < datetime.now(UTC).date()


@pytest.mark.parametrize(
    ("first", "last"),
    [("2026-13-01", "2026-12-31"), ("yesterday", "today"), ("2026-02-01", None), ("2026-02-02", "2026-02-01"),
     ("0001-01-01", "2026-01-01")],
)  # fmt: skip
def test_an_invalid_period_is_refused(first: str, last: str | None):
    with pytest.raises(AttestationError, match="not a period"):
        read_period(first, last)


def test_an_unknown_source_and_a_directory_that_cannot_be_made_are_refused(path: Path):
    build(path)
    period = read_period("2026-05-01", "2026-05-01")
    with pytest.raises(AttestationError, match=r"no source 'other'\. It has: test"):
        attest(path, period, source="other")
    path.with_name("file").write_text("")
    with pytest.raises(AttestationError, match="Choose another directory"):
        attest(path, period, output=path.with_name("file") / "below")


def test_code_in_the_file_makes_nothing_complete(path: Path):
    build(path)
    with open_warehouse(path) as connection:
        connection.execute(
            "create or replace view raw.coverage as "
            "select 'test' as source, timestamp '2000-01-01' as covered_from, timestamp '2100-01-01' as covered_to"
        )
    with pytest.raises(WarehouseError, match=r"code that this product did not put there.*view raw\.coverage"):
        attest(path, read_period("2026-05-01", "2026-05-01"))


def test_organizations_are_counted_and_reads_have_the_key_that_the_feed_reported(path: Path):
    """The marts are stated as a build would make them; the key was made with two scopes."""
    build(path)
    with open_warehouse(path) as connection:
        land_slice(connection, record("of-org", FIRST_DAY, organization_uuid="org-1"))
    _, text = state_of(path, FIRST_DAY.date(), FIRST_DAY.date())
    assert "no key is known" in text
    with open_warehouse(path) as connection:
        [(extract_id,)] = connection.execute("select min(extract_id) from raw.extracts where slice_start = ?",
                                             [FIRST_DAY.replace(tzinfo=None)]).fetchall()  # fmt: skip
        for number in range(3):
            connection.execute(
                "insert into raw.feed_requests values (?, 'test', ?, 200, now()::timestamp)",
                [f"req_{number}", extract_id],
            )
        connection.execute("create schema marts")
        connection.execute(
            "create table marts.activities as select 'api_actor' as actor_type, 'apikey_1' as actor_id, "
            "'req_' || range as request_id, range <> 3 as is_own_read from range(5)"
        )
        connection.execute(
            "create table marts.organizations as "
            "select 'org-1' as organization_uuid, 'Meridian <b>' as organization_name"
        )
        connection.execute(
            "create table marts.key_lifecycle as select 'apikey_1' as key_id, 'scoped_api_key' as key_type, "
            "['read:a', 'read:b'] as scopes"
        )
    statement, text = state_of(path, FIRST_DAY.date(), FIRST_DAY.date())
    assert statement["organizations"] == [
        {"organization_uuid": "org-1", "activity_count": 1, "organization_name": "Meridian <b>"},
        {"organization_uuid": None, "activity_count": 3, "organization_name": None},
    ]
    assert statement["keys"] == [
        {"key_id": "apikey_1", "key_type": "scoped_api_key", "scopes": ["read:a", "read:b"], "read_count": 3}
    ]
    assert statement["read_by_versions"] == [__version__]
    assert "| Meridian &lt;b&gt; | `org-1` | 1 |" in text
    assert r"| `apikey_1` | scoped api key | read:a, read:b | 3 |" in text
