"""The access review on a handmade edition: past days, leavers, keys, service accounts, hostile names."""

import csv
import io
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.access_review.page import CANNOT_KNOW, WITH_DIRECTORY, WITHOUT_DIRECTORY, as_html
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
    select timestamp '2026-01-01' as occurred_at union all select timestamp '2026-05-21 09:00';
create table marts.user_activity_daily as
    select col0 as user_id, col1::date as activity_date, col2::timestamp as last_engaged_at, coalesce(col2, col1)::timestamp as last_activity_at
    from (values
        ('user_ada', '2026-01-01', '2026-01-01 00:00'), ('user_ada', '2026-05-20', '2026-05-20 09:00'),
        ('user_zoe', '2026-03-10', '2026-03-10 10:00'), ('user_idle', '2026-05-01', null)
    );
create table marts.key_use_daily as
    select col0 as key_type, col1 as key_id, col2::date as use_date, col2::timestamp as last_used_at
    from (values
        ('scoped_api_key', 'apikey_K1', '2026-05-01 08:00'), ('service_account', 'svcac_1', '2026-05-21 09:00')
    );
create table marts.users as
    select col0 as user_id, col1 as current_email, col2 as full_name
    from (values ('user_ada', 'ada@x.example', 'Ada O.'), ('user_ben', 'ben@x.example', null), ('user_zoe', 'zoe@x.example', null),
        ('user_idle', 'idle@x.example', null), ('user_eve', $hostile, $hostile));
create table marts.organizations as select 'org-1' as organization_uuid, 'Labs' as organization_name;
create table marts.state_agreement as
    select 'org-1' as organization_uuid, 'member' as object_kind, 4 as compared_count, 3 as agreeing_count,
        1 as difference_count, 1 as unexplained_count, 75.0::double as agreement_percent;
create table marts.effective_access as
    select col0 as effective_access_id, col1 as user_id, col2 as organization_uuid, col3 as path, col4 as group_id,
        col5 as group_name, col6 as role_id, col7 as role_name, null::varchar as workspace_id,
        null::varchar as workspace_name, col8 as action, col9 as resource_type, null::varchar as resource_id
    from (values
        ('1', 'user_ada', 'org-1', 'organization_role', null, null, null, 'user', null, null),
        ('2', 'user_ada', 'org-1', 'group', 'group_1', 'Makers <1>', 'role_1', 'Builder', 'write', 'project'),
        ('3', 'user_idle', 'org-1', 'group', 'group_1', 'Makers <1>', 'role_1', 'Builder', 'write', 'project'),
        ('4', 'user_idle', 'org-1', 'group', 'group_1', 'Makers <1>', 'role_1', 'Builder', 'read', 'project')
    );
create table marts.access_grants as
    select row_number() over ()::varchar as access_grant_id, col0 || coalesce(col1, '') || col2 || col3 || if(col2 = 'project_role', col4, '') as grant_key,
        col0 as holder_type, col1 as holder_id, null::varchar as holder_name, col2 not in ('organization', 'group', 'workspace', 'project_role') as is_key,
        col2 as grant_type, col3 as grant_id, col10 as grant_name, 'org-1' as organization_uuid, 'Labs' as organization_name, col4 as role,
        coalesce(col4 in ('admin', 'workspace_admin'), false) as is_administrator, col5::timestamp as valid_from, col6::timestamp as valid_to,
        col7::timestamp as granted_at, col7::timestamp as held_since, null::varchar as granted_by_actor_id, col8 as granted_by_email,
        null::varchar as invited_by_actor_id, if(col1 = 'user_idle' and col2 = 'organization', 'zoe@x.example', null) as invited_by_email,
        col9 as end_reason, null::varchar as ended_by_actor_id, if(col9 is null or col9 = 'expired', null, 'ada@x.example') as ended_by_email,
        null::timestamp as expires_at, col11 as is_proven
    from (values
        ('user', 'user_ada', 'organization', 'org-1', 'admin', null, '2026-03-10 10:00', null, null, 'role_changed', 'Labs', null),
        ('user', 'user_ada', 'organization', 'org-1', 'user', '2026-03-10 10:00', null, '2026-03-10 10:00', 'zoe@x.example', null, 'Labs', true),
        ('user', 'user_ben', 'organization', 'org-1', 'user', '2026-01-05 10:00', '2026-04-20 10:00', '2026-01-05 10:00', 'ada@x.example', 'removed', 'Labs', null),
        ('user', 'user_ben', 'group', 'group_1', null, '2026-01-06 10:00', null, '2026-01-06 10:00', null, null, 'Makers', null),
        ('user', 'user_idle', 'organization', 'org-1', 'user', '2026-01-07 10:00', null, '2026-01-07 10:00', 'ada@x.example', null, 'Labs', false),
        ('user', 'user_idle', 'project_role', 'proj_1', 'viewer', '2026-04-01 10:00', '2026-04-25 10:00', '2026-04-01 10:00', null, 'removed', null, null),
        ('user', 'user_idle', 'project_role', 'proj_1', 'owner', '2026-04-20 10:00', null, '2026-04-20 10:00', null, null, null, null),
        ('user', 'user_idle', 'project_role', 'proj_1', 'editor', '2026-05-03 10:00', null, '2026-05-03 10:00', null, null, null, null),
        ('service_account', 'svcac_1', 'workspace', 'ws_1', 'workspace_admin', '2026-05-01 00:00', null, '2026-05-01 00:00', null, null, null, null),
        ('user', 'user_eve', 'organization', 'org-1', '<b>admin</b>', '2026-05-10 10:00', null, '2026-05-10 10:00', null, null, 'Labs', true),
        ('user', 'user_ben', 'scoped_api_key', 'apikey_K1', 'read:a', '2026-02-01', null, '2026-02-01', 'ben@x.example', null, '-new name', null),
        ('user', 'user_ben', 'admin_api_key', 'admin_api_key_K2', null, '2026-02-01', '2026-04-25', '2026-02-01', 'ben@x.example', 'deleted', 'two', null),
        ('unknown', null, 'runner_pool_secret', 'jti_1', null, '2026-02-01', '2026-04-24', '2026-02-01', null, 'expired', null, null),
        ('service_account', 'svcac_1', 'service_account', 'svcac_1', null, null, null, null, null, null, null, null)
    )
    order by grant_key, valid_from nulls first;
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
    assert (key["last_used_at"], key["remarks"]) == (None, [])
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
    assert (idle["last_active_at"], idle["remarks"]) == (None, ["no activity in 90 days", "not proven"])
    assert (idle["granted_by"], idle["invited_by"]) == ("ada@x.example", "zoe@x.example")
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


def test_the_page_says_what_is_proven_and_what_each_right_comes_from(edition: Path):
    review = read_review(edition, "2026-05-31")
    assert [row["holder_id"] for row in review.provable] == ["user_eve", "user_ada", "user_idle"]
    text = " ".join(Seen(as_html(review)).text)
    assert "agree on 2 of them (67%)" in text
    assert "3 (75 %)" in text
    page = as_html(review)
    assert "<td>Labs</td><td>group “Makers &lt;1&gt;” → role “Builder”</td><td>2</td>" in page
    assert "<td>read on project, write on project</td>" in page
    assert "<td>Labs</td><td>role in the organization → role “user”</td><td>1</td>" in page
    for sentence in WITH_DIRECTORY:
        assert sentence in text
    without = as_html(replace(review, agreement=[]))
    assert "No directory is read" in without
    assert WITHOUT_DIRECTORY[0] in without


def test_every_person_with_every_path_is_in_the_file_of_rights(edition: Path, tmp_path: Path):
    written = write_review(edition, tmp_path, "2026-05-31")
    assert written.rights.name == "access-review-2026-05-31-rights.csv"
    with written.rights.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["user_id"], row["path"], row["role_name"], row["action"]) for row in rows] == [
        ("user_ada", "group", "Builder", "write"), ("user_ada", "organization_role", "user", ""),
        ("user_idle", "group", "Builder", "write"), ("user_idle", "group", "Builder", "read"),
    ]  # fmt: skip
    assert {row["full_name"] for row in rows} == {"Ada O.", ""}


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
