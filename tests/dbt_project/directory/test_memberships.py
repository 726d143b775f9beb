"""Who was where, in which role, from when until when, by events and by what walks of the directory showed."""

import pytest

from tests.conftest import Query
from tests.dbt_project.directory import memberships, scopes
from tests.dbt_project.directory.stories import Periods, at

EXPECTED = memberships.CASES.expected + scopes.CASES.expected


@pytest.mark.parametrize(
    ("scope_type", "user", "expected"), EXPECTED, ids=[f"{scope_type}-{user}" for scope_type, user, _ in EXPECTED]
)
def test_periods(walked: Query, scope_type: str, user: str, expected: Periods):
    found = walked(
        """
        select role, valid_from, valid_to, start_reason, end_reason from marts.membership_periods
        where principal_id = ? and scope_type = ? order by scope_id, valid_from nulls first, role
        """,
        user,
        scope_type,
    )
    assert found == [
        (role, at(begin), at(end), began_by, ended_by) for role, begin, end, began_by, ended_by in expected
    ]


def test_current_members_say_whether_the_directory_has_them(walked: Query):
    rows = walked(
        """
        select principal_id, scope_type, is_in_directory, full_name from marts.current_members
        where principal_id in ('d3_never', 'd3_event', 'd3_back', 'd9_eve')
        order by principal_id
        """
    )
    assert rows == [
        ("d3_back", "organization", True, "D3_Back"),
        ("d3_never", "organization", False, None),
        ("d9_eve", "organization", True, "D9_Eve"),
    ]


USERS = [
    # In the directory alone, in events alone, left by the directory, put back.
    ("d1_old", "member", "user", "D1_Old", True, "d1_old@corp.example"),
    ("d3_never", "member", "user", None, False, None),
    ("d3_gone", "removed", "user", "D3_Gone", False, "d3_gone@corp.example"),
    ("d3_back", "member", "user", "D3_Back", True, "d3_back@corp.example"),
    # Shown by a walk after an event had another email.
    ("d12_bob", "removed", "user", "D12_Bob", False, "d12_bob@corp.example"),
]


@pytest.mark.parametrize(("user", "status", "role", "name", "is_in_directory", "email"), USERS)
def test_users(walked: Query, user: str, status: str, role: str, name: str | None, is_in_directory: bool,
               email: str | None):  # fmt: skip
    [row] = walked(
        """
        select membership_status, organization_role, full_name, is_in_directory, current_email
        from marts.users where user_id = ?
        """,
        user,
    )
    assert row == (status, role, name, is_in_directory, email)


def test_names_and_emails_are_as_last_observed(walked: Query):
    [row] = walked("select full_name, current_email, emails from marts.users where user_id = 'd11_bob'")
    assert row == ("Bob New", "bob@new.example", ["bob@corp.example", "bob@new.example"])


def test_scopes_that_no_list_covers_say_nothing_of_the_directory(walked: Query):
    assert walked(
        """
        select distinct is_in_directory from marts.current_members
        where scope_type not in ('organization', 'group', 'workspace')
        """
    ) == [(None,)]
