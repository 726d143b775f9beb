"""The access review on a handmade edition: past days, leavers, keys, service accounts, hostile names."""

from __future__ import annotations

import csv
import io
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.access_review.page import CANNOT_KNOW, as_html
from orchestration.access_review.review import Review, ReviewError, read_review, write_review
from orchestration.access_review.table import COLUMNS, as_csv

HOSTILE = "=cmd|'/c calc'!A1<script>alert(1)</script>"

EDITION = """
create schema marts;
create table marts._published as
    select timestamp '2026-06-02 09:00' as published_at, 'a' as source, timestamp '2026-06-01 12:00' as complete_through,
        0 as gap_count, 'f00d' as fingerprint;
create table marts.feed_coverage as
    select 'a' as source, day::date as coverage_date, if(day = date '2026-06-01', 'partial', 'complete') as status
    from range(date '2026-01-01', date '2026-06-02', interval 1 day) as days(day);
create table marts.blind_spots as
    select 'org-1' as organization_uuid, 'compliance_api_enabled' as switch, timestamp '2026-02-02' as began_at,
        timestamp '2026-02-03' as ended_at;
create table marts.activities as
    select col0 as activity_id, col1::timestamp as occurred_at, col2 as activity_type, col3 as actor_type,
        col4 as actor_id, case when col3 = 'user_actor' then col4 end as actor_user_id, col5 as actor_email
    from (values
        ('a0', '2026-01-01 00:00', 'claude_chat_created', 'user_actor', 'user_ada', 'ada@x.example'),
        ('a1', '2026-01-05 10:00', 'claude_user_role_updated', 'user_actor', 'user_ada', 'ada@x.example'),
        ('a2', '2026-03-10 10:00', 'claude_user_role_updated', 'user_actor', 'user_zoe', 'zoe@x.example'),
        ('a8', '2026-04-25 00:00', 'admin_api_key_deleted', 'user_actor', 'user_ada', 'ada@x.example'),
        ('a3', '2026-04-20 10:00', 'org_user_deleted', 'user_actor', 'user_ada', 'ada@x.example'),
        ('a4', '2026-05-01 08:00', 'compliance_api_accessed', 'api_actor', 'apikey_K1', null),
        ('a5', '2026-05-01 09:00', 'claude_chat_viewed', 'user_actor', 'user_idle', 'idle@x.example'),
        ('a6', '2026-05-20 09:00', 'claude_chat_created', 'user_actor', 'user_ada', 'ada@x.example'),
        ('a7', '2026-05-21 09:00', 'compliance_api_accessed', 'service_account_actor', 'svcac_1', null)
    );
create table marts.users as
    select col0 as user_id, col1 as current_email
    from (values ('user_ada', 'ada@x.example'), ('user_ben', 'ben@x.example'), ('user_zoe', 'zoe@x.example'),
        ('user_idle', 'idle@x.example'), ('user_eve', $hostile));
create table marts.membership_periods as
    select row_number() over ()::varchar as membership_period_id, col0 as scope_type, col1 as scope_id,
        col2 as principal_type, col3 as principal_id, col4 as role, col5::timestamp as valid_from,
        col6::timestamp as valid_to, col7 as started_by_activity_id, col8 as ended_by_activity_id,
        col9 as end_reason
    from (values
        ('organization', 'org-1', 'user', 'user_ada', 'admin', null, '2026-03-10 10:00', null, 'a2', 'role_changed'),
        ('organization', 'org-1', 'user', 'user_ada', 'user', '2026-03-10 10:00', null, 'a2', null, null),
        ('organization', 'org-1', 'user', 'user_ben', 'user', '2026-01-05 10:00', '2026-04-20 10:00', 'a1', 'a3', 'removed'),
        ('group', 'group_1', 'user', 'user_ben', null, '2026-01-06 10:00', null, 'gone', null, null),
        ('organization', 'org-1', 'user', 'user_idle', 'user', '2026-01-07 10:00', null, 'a1', null, null),
        ('project_role', 'proj_1', 'user', 'user_idle', 'viewer', '2026-04-01 10:00', '2026-04-25 10:00', 'a1', 'a1', 'removed'),
        ('project_role', 'proj_1', 'user', 'user_idle', 'owner', '2026-04-20 10:00', null, 'a1', null, null),
        ('project_role', 'proj_1', 'user', 'user_idle', 'editor', '2026-05-03 10:00', null, 'a1', null, null),
        ('workspace', 'ws_1', 'service_account', 'svcac_1', 'workspace_admin', '2026-05-01 00:00', null, 'a1', null, null),
        ('organization', 'org-1', 'user', 'user_eve', '<b>admin</b>', '2026-05-10 10:00', null, 'a1', null, null)
    );
create table marts.key_lifecycle as
    select col0 as key_type, col1 as key_id, 'org-1' as organization_uuid
    from (values ('scoped_api_key', 'apikey_K1'), ('admin_api_key', 'admin_api_key_K2'), ('runner_pool_secret', 'jti_1'),
        ('service_account', 'svcac_1'));
create table marts.key_periods as
    select col0 as key_type, col1 as key_id, col2 as status, col3::timestamp as valid_from, col4::timestamp as valid_to,
        col5 as ended_by_activity_id
    from (values
        ('scoped_api_key', 'apikey_K1', 'active', '2026-02-01', null, null),
        ('admin_api_key', 'admin_api_key_K2', 'active', '2026-02-01', '2026-04-25', 'a8'),
        ('admin_api_key', 'admin_api_key_K2', 'deleted', '2026-04-25', null, null),
        ('runner_pool_secret', 'jti_1', 'active', '2026-02-01', '2026-04-24', null),
        ('runner_pool_secret', 'jti_1', 'expired', '2026-04-24', '2026-05-06', 'a8'),
        ('runner_pool_secret', 'jti_1', 'revoked', '2026-05-06', null, null),
        ('service_account', 'svcac_1', 'active', null, null, null)
    );
create table marts.key_events as
    select col0 as key_type, col1 as key_id, col2 as event_number, col3 as event_type,
        col4::timestamp as occurred_at, 'user_actor' as actor_type, col5 as actor_id, col5 || '@' as actor_email,
        col6 as name, ['read:compliance_activities'] as scopes, col7 as current_status,
        col7 is distinct from col8 as is_status_change, null::timestamp as expires_at
    from (values
        ('scoped_api_key', 'apikey_K1', 1, 'created', '2026-02-01', 'user_ben', '@sum', 'active', null),
        ('scoped_api_key', 'apikey_K1', 2, 'updated', '2026-05-15', 'user_ada', '-new name', 'active', 'active'),
        ('admin_api_key', 'admin_api_key_K2', 1, 'created', '2026-02-01', 'user_ben', 'two', 'active', null),
        ('admin_api_key', 'admin_api_key_K2', 2, 'ended', '2026-04-25', 'user_ada', 'two', 'deleted', 'active')
    );
"""  # noqa: E501


@pytest.fixture(scope="module")
def edition(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("edition") / "compliance.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(EDITION.replace("$hostile", "'" + HOSTILE.replace("'", "''") + "'"))
    return path


def row_of(review: Review, holder: str, grant: str) -> dict[str, Any]:
    [row] = [row for row in review.rows if (row["holder_id"], row["grant_id"]) == (holder, grant)]
    return row


def test_a_past_day_is_shown_as_it_was(edition: Path):
    early = row_of(read_review(edition, "2026-03-05", "2026-01-31"), "user_ada", "org-1")
    assert (early["role"], early["granted_at"], early["change"]) == ("admin", None, "kept")
    assert early["remarks"] == ["administrator", "older than the log"]
    later = row_of(read_review(edition, "2026-03-31", "2026-03-05"), "user_ada", "org-1")
    assert (later["role"], later["previous_role"], later["change"]) == ("user", "admin", "role changed")
    assert later["granted_by"] == "zoe@x.example"
    before = read_review(edition, "2026-04-10", "2026-03-31")
    assert row_of(before, "user_ben", "org-1")["holder_status"] == "member"
    assert row_of(before, "user_ben", "admin_api_key_K2")["change"] == "kept"
    key = row_of(before, "user_ben", "apikey_K1")
    assert (key["grant_name"], key["last_used_at"], key["remarks"]) == ("@sum", None, [])
    assert not [row for row in before.rows if row["holder_id"] == "user_eve"]


def test_a_leaver_is_marked_with_everything_they_hold(edition: Path):
    review = read_review(edition, "2026-05-31", "2026-04-10")
    gone = row_of(review, "user_ben", "org-1")
    assert (gone["is_held"], gone["change"], gone["end_reason"]) == (False, "ended", "removed")
    assert (str(gone["ended_at"]), gone["ended_by"]) == ("2026-04-20 10:00:00", "ada@x.example")
    deleted = row_of(review, "user_ben", "admin_api_key_K2")
    assert (deleted["change"], deleted["end_reason"], deleted["ended_by"]) == ("ended", "deleted", "ada@x.example")
    [secret] = [row for row in review.rows if row["grant_id"] == "jti_1"]
    assert (secret["is_held"], secret["end_reason"], secret["ended_by"]) == (False, "expired", None)
    assert str(secret["ended_at"]) == "2026-04-24 00:00:00"
    assert {row["grant_id"] for row in review.remarked("holder has left")} == {"group_1", "apikey_K1"}
    key = row_of(review, "user_ben", "apikey_K1")
    assert key["remarks"] == ["holder has left"]
    assert (key["change"], key["grant_name"], str(key["last_used_at"])) == (
        "kept",
        "-new name",
        "2026-05-01 08:00:00",
    )
    assert row_of(read_review(edition, "2026-05-31", "2026-04-30"), "user_ada", "org-1")["change"] == "kept"
    # A grant that ended before the last review is not a change.
    assert not [row for row in read_review(edition, "2026-05-31", "2026-04-30").rows if row["change"] == "ended"]


def test_simultaneous_roles_are_separate_grants(edition: Path):
    def changes(on: str) -> list[tuple[str, str, str | None]]:
        rows = read_review(edition, on, "2026-04-22").rows
        return [(row["role"], row["change"], row["previous_role"]) for row in rows if row["grant_id"] == "proj_1"]

    assert changes("2026-04-24") == [("owner", "kept", "owner"), ("viewer", "kept", "viewer")]
    assert changes("2026-05-31") == [
        ("editor", "new", None), ("owner", "kept", "owner"), ("viewer", "ended", "viewer"),
    ]  # fmt: skip


def test_a_day_ends_at_midnight(edition: Path):
    assert {
        row["grant_id"] for row in read_review(edition, "2026-04-30").rows if row["holder_id"] == "svcac_1"
    } == {"svcac_1"}, "the account was there before it was seen; it has no place yet"
    account = row_of(read_review(edition, "2026-05-01"), "svcac_1", "ws_1")
    assert (account["holder_type"], account["change"]) == ("service_account", "new")
    assert account["remarks"] == ["administrator"]
    used = row_of(read_review(edition, "2026-05-21"), "svcac_1", "svcac_1")
    assert (str(used["last_used_at"]), used["remarks"]) == ("2026-05-21 09:00:00", ["older than the log"])


def test_app_loads_are_not_activity_and_unknown_people_are_listed(edition: Path):
    review = read_review(edition, "2026-05-31")
    idle = row_of(review, "user_idle", "org-1")
    assert (idle["last_active_at"], idle["remarks"]) == (None, ["no activity in 90 days"])
    assert row_of(review, "user_eve", "org-1")["remarks"] == [], "joined less than 90 days ago"
    [unknown] = review.remarked("membership not known")
    assert (unknown["holder_id"], unknown["role"], unknown["grant_id"]) == ("user_zoe", None, None)


def test_the_default_is_the_last_complete_day_and_incomplete_days_are_marked(edition: Path):
    review = read_review(edition)
    assert (review.on, review.since) == (date(2026, 5, 31), date(2026, 3, 2))
    assert review.is_complete
    assert "Not complete" not in as_html(review)
    today = read_review(edition, "2026-06-01")
    assert not today.is_complete
    assert "<strong>Not complete for this date.</strong>" in as_html(today)


def test_no_cell_runs_as_a_formula(edition: Path):
    review = read_review(edition, "2026-05-31")
    rows = list(csv.DictReader(io.StringIO(as_csv(review.on, review.rows), newline="")))
    assert tuple(rows[0]) == ("review_date", *COLUMNS)
    assert len(rows) == len(review.rows)
    cells = [cell for row in rows for cell in row.values()]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))]
    assert "'" + HOSTILE in cells
    assert "'-new name" in cells


class Seen(HTMLParser):
    """The tags and the text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def test_the_page_shows_hostile_names_as_text_and_loads_nothing(edition: Path):
    review = read_review(edition, "2026-05-31")
    seen = Seen(as_html(review))
    assert not seen.tags & {"script", "link", "img", "iframe", "form", "a"}
    assert seen.attributes == {"lang", "charset", "class"}
    assert HOSTILE in seen.text
    assert "<b>admin</b>" in seen.text
    text = " ".join(seen.text)
    for sentence in CANNOT_KNOW:
        assert sentence in text
    assert "compliance_api_enabled" in text


def test_the_same_edition_gives_the_same_bytes(edition: Path, tmp_path: Path):
    first, second = (write_review(edition, tmp_path / name, "2026-05-31", "2026-03-31") for name in "ab")
    assert first.table.name == "access-review-2026-05-31.csv"
    assert first.table.read_bytes() == second.table.read_bytes()
    assert first.page.read_bytes() == second.page.read_bytes()


@pytest.mark.parametrize(
    ("on", "since", "words"),
    [
        ("2026-02-30", "", "2026-02-30 is not a date"),
        ("2026-05-31", "yesterday", "yesterday is not a date"),
        ("2025-12-31", "", "not within the log, which goes from 2026-01-01 to 2026-06-02"),
        ("2026-06-03", "", "not within the log"),
        ("2026-05-31", "2026-05-31", "2026-05-31 is not before 2026-05-31"),
    ],
)
def test_wrong_days_are_refused_with_a_message(edition: Path, on: str, since: str, words: str):
    with pytest.raises(ReviewError, match=words):
        read_review(edition, on, since)


def test_missing_file_missing_table_and_full_disk_are_reported(edition: Path, tmp_path: Path):
    with pytest.raises(ReviewError, match="Run `make refresh` first"):
        read_review(tmp_path / "none.duckdb")
    empty = tmp_path / "empty.duckdb"
    duckdb.connect(str(empty)).close()
    with pytest.raises(ReviewError, match=r"empty\.duckdb cannot be read"):
        read_review(empty)
    (tmp_path / "file").touch()
    with pytest.raises(ReviewError, match="Cannot write to"):
        write_review(edition, tmp_path / "file", "2026-05-31")
