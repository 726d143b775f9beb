"""Who was where, in which role, from when until when: small histories with known periods."""

from typing import Any

import pytest

from tests.conftest import Query
from tests.dbt_project.directory.stories import at


def periods(cases: Query, principal_id: str, scope_type: str = "organization") -> list[tuple[Any, ...]]:
    return cases(
        """
        select role, valid_from, valid_to, start_reason, end_reason from marts.membership_periods
        where principal_id = ? and scope_type = ? order by scope_id, valid_from nulls first, role
        """,
        principal_id, scope_type,
    )  # fmt: skip


# principal, scope type, and each of its periods: role, from, to, why it began and ended.
PERIODS = [
    ("user_S11_bob", "organization", [(None, None, "03-01", None, "deprovisioned")]),
    (
        "user_S12_bob", "organization",
        [("user", "02-01", "03-01", "added", "deprovisioned"), (None, "03-05", None, "provisioned", None)],
    ),
    ("user_S10_bob", "organization", [(None, "02-01", "03-01", "provisioned", "removed")]),
    ("user_S34_bob", "organization", [("user", "02-01", None, "added", None)]),
    ("user_S34_bob", "organization_role", [("admin", "03-01", "04-01", "added", "removed")]),
    (
        "user_S33_bob", "chat_project_role",
        [
            ("chat_project:viewer", "02-01", "02-03", "added", "removed"),
            ("chat_project:owner", "02-02", None, "added", None),
        ],
    ),
    ("user_S15_bob", "organization", [("admin", "02-02", None, "invite_accepted", None)]),
    ("user_T18_bob", "organization", [("user", "02-01", "03-01", "added", "removed")]),
    (
        "user_S22_bob", "workspace",
        [
            (None, "02-01", "02-02", "added", "role_changed"),
            ("workspace_admin", "02-02", None, "role_changed", None),
        ],
    ),
    (
        "user_S32_ann", "organization",
        [
            ("owner", None, "02-01", None, "role_changed"),
            ("primary_owner", "02-01", "03-01", "role_changed", "role_changed"),
            (None, "03-01", None, "ownership_transferred", None),
        ],
    ),
    (
        "user_S32_bob", "organization",
        [
            ("admin", "02-01", "03-01", "added", "role_changed"),
            ("primary_owner", "03-01", None, "ownership_transferred", None),
        ],
    ),
    ("user_S13_bob", "organization", []),
    ("user_S63_bob", "organization", [("user", "02-01", "03-01", "added", "removed")]),
    ("user_S31_bob", "organization", [("user", "02-01", "03-01", "added", "account_deleted")]),
    ("user_01s13yan", "organization", [("admin", "11-02 09:00", "11-11 09:00", "added", "scope_deleted")]),
    ("user_01s2gus", "group", []),
    ("user_01s2ivy", "organization", []),
    # Leaves one of two organizations, then the other: what is of both ends with the last.
    (
        "user_M01_bob", "organization",
        [("user", "02-01", "03-01", "added", "removed"), ("user", "02-02", "04-01", "added", "left")],
    ),
    (
        "user_M01_bob", "group",
        [
            (None, "02-04", "03-01", "added", "membership_ended"),
            (None, "02-04", "04-01", "added", "membership_ended"),
        ],
    ),
    ("user_M01_eve", "group", [(None, "02-04", None, "added", None)]),
    ("user_M01_bob", "workspace", [(None, "02-05", "03-01", "added", "membership_ended")]),
    ("user_M01_bob", "design_project", [("editor", "02-05", "04-01", "added", "membership_ended")]),
    # A group and a service account that end, and a role and a workspace.
    ("user_M02_bob", "group", [(None, "02-01", "03-01", "added", "scope_deleted")]),
    ("group_M02", "rbac_role", [(None, "02-02", "03-01", "added", "principal_ended")]),
    ("group_M02", "chat_project_role", [("viewer", "02-02", "03-01", "added", "principal_ended")]),
    ("svcac_M02", "workspace", [(None, "02-02", "03-02", "added", "principal_ended")]),
    ("svac_M02", "group", [(None, "02-02", "03-02", "added", "principal_ended")]),
    ("user_M02_eve", "group", [(None, "02-02", None, "added", None)]),
    ("user_M02_bob", "rbac_role", [(None, "02-02", "03-03", "added", "scope_deleted")]),
    ("user_M02_bob", "workspace", [(None, "02-02", "03-04", "added", "scope_deleted")]),
    # Two users with one email: the one whose stay is open, and neither where both are.
    (
        "user_M03_bob", "organization",
        [
            ("user", "02-01", "02-10", "added", "removed"),
            ("user", "03-10", None, "added", None),
            ("user", "02-01", None, "added", None),
        ],
    ),
    (
        "user_M03_rob", "organization",
        [("admin", "02-20", "03-01", "added", "removed"), ("user", "03-10", None, "added", None)],
    ),
    # Owners whose role is lost, unknown and given again.
    (
        "user_M04_ann", "organization",
        [
            ("primary_owner", None, "03-01", None, "role_changed"),
            (None, "03-01", "03-05", "ownership_transferred", "role_changed"),
            ("admin", "03-05", None, "role_changed", None),
        ],
    ),
    (
        "user_M04_bob", "organization",
        [
            ("primary_owner", "03-01", "03-02", "ownership_transferred", "role_changed"),
            (None, "03-02", "03-06", "ownership_transferred", "role_changed"),
            ("user", "03-06", None, "added", None),
        ],
    ),
    ("user_M04_eve", "organization", [("primary_owner", "03-02", "03-04", "ownership_transferred", "left")]),
    (
        "user_M04_kim", "organization",
        [
            ("user", "02-01", "03-08", "added", "role_changed"),
            ("primary_owner", "03-08", None, "ownership_transferred", None),
        ],
    ),
    # A former owner who returned as somebody else loses nothing when others pass the ownership on.
    (
        "user_M09_ann", "organization",
        [("primary_owner", "02-01", "02-02", "added", "left"), ("admin", "02-04", None, "invite_accepted", None)],
    ),
    # Role changes to the role that is held, soon after an end, and first of all.
    (
        "user_M05_bob", "organization",
        [
            ("user", "02-01", "03-01", "added", "deprovisioned"),
            ("owner", "03-01 10:05:01", None, "role_changed", None),
        ],
    ),
    ("user_M05_old", "organization", [("user", None, None, None, None)]),
    ("user_M05_old", "workspace", [(None, None, None, None, None)]),
    ("user_M05_gone", "organization", [("developer", None, "02-03", None, "left")]),
    ("user_M05_cut", "organization", [("admin", None, "02-04", None, "removed")]),
    (
        "user_M05_ida", "organization",
        [("user", "02-10", "02-20", "added", "removed"), ("admin", "02-20", None, "added", None)],
    ),
    # A revocation that names no role.
    (
        "user_M06_bob", "skill_role",
        [
            ("viewer", "02-01", "02-10", "added", "removed"),
            ("editor", "02-02", "02-10", "added", "removed"),
            ("editor", "02-20", None, "added", None),
        ],
    ),
    ("user_M06_eve", "skill_role", [(None, None, "02-10", None, "removed")]),
    ("user_M06_kim", "skill_role", [("viewer", None, "02-11", None, "removed")]),
    # An organization and an account that are deleted.
    (
        "user_M07_bob", "organization",
        [
            ("user", "02-01", "03-01", "added", "scope_deleted"),
            ("user", "02-01", "03-05", "added", "account_deleted"),
        ],
    ),
    (
        "user_M07_bob", "workspace",
        [(None, "02-02", "03-01", "added", "scope_deleted"), (None, "02-02", "03-05", "added", "account_deleted")],
    ),
    ("user_M07_eve", "group", [(None, "02-02", "03-01", "added", "scope_deleted")]),
    ("group_M07", "rbac_role", [(None, "02-02", "03-01", "added", "scope_deleted")]),
    # Roles that invitations offer.
    ("user_M08_bob", "organization", [("admin", "02-03", None, "invite_accepted", None)]),
    ("user_M08_eve", "organization", [("user", "02-03", None, "invite_accepted", None)]),
    ("user_M08_kim", "organization", [("billing", "02-01", None, "provisioned", None)]),
    ("user_M08_zed", "organization", [(None, "02-03", None, "invite_accepted", None)]),
]  # fmt: skip


@pytest.mark.parametrize(("principal_id", "scope_type", "expected"), PERIODS, ids=lambda value: str(value)[:40])
def test_periods(cases: Query, principal_id: str, scope_type: str, expected: list[tuple[Any, ...]]):
    assert periods(cases, principal_id, scope_type) == [
        (role, at(begin), at(end), began_by, ended_by) for role, begin, end, began_by, ended_by in expected
    ]


STATUSES = [
    ("user_S11_bob", "deprovisioned", None, None, "03-01", True),
    ("user_S12_bob", "member", None, "03-05", None, False),
    ("user_S10_bob", "removed", None, "02-01", "03-01", False),
    ("user_S34_bob", "member", "user", "02-01", None, False),
    ("user_T18_bob", "removed", "user", "02-01", "03-01", True),
    ("user_S32_ann", "member", None, None, None, False),
    ("user_S32_bob", "member", "primary_owner", "02-01", None, False),
    ("user_S31_bob", "removed", "user", "02-01", "03-01", False),
    ("user_01s2ivy", "removed", "user", "11-05", "11-05", False),
    ("user_M01_bob", "left", "user", "02-02", "04-01", False),
    ("user_M03_bob", "member", "user", "03-10", None, False),
    ("user_M04_ann", "member", "admin", None, None, False),
    ("user_M05_gone", "left", "developer", None, "02-03", False),
    ("user_M07_bob", "removed", "user", "02-01", "03-05", True),
]


@pytest.mark.parametrize(
    ("user_id", "status", "role", "joined", "left", "is_active_after"), STATUSES, ids=lambda value: str(value)[:40]
)
def test_users(cases: Query, user_id: str, status: str, role: str | None, joined: str | None, left: str | None,
               is_active_after: bool):  # fmt: skip
    [row] = cases(
        """
        select membership_status, organization_role, joined_at, left_at, is_active_after_removal
        from marts.users join marts.user_activity_summary using (user_id, membership_status) where user_id = ?
        """,
        user_id,
    )
    assert row == (status, role, at(joined), at(left), is_active_after)


def test_a_role_update_without_roles_is_no_change(cases: Query):
    assert cases("select * from marts.membership_changes where principal_id = 'user_S13_bob'") == []


def test_a_service_account_in_a_group_is_no_user(cases: Query):
    assert cases("select principal_type from marts.membership_changes where principal_id = 'svac_M02'") == [
        ("service_account",)
    ]
    assert cases("select user_id from marts.users where user_id like 'svac%'") == []


def test_a_removal_by_email_keeps_its_null(cases: Query):
    assert cases(
        "select principal_id, principal_email from marts.membership_changes where activity_id = 'activity_T18_001'"
    ) == [(None, "t18.bob@corp.example")]


def test_the_role_of_an_invitation_was_given_by_who_sent_it(cases: Query):
    assert cases(
        """
        select actor_id, "current_role" from marts.membership_changes
        where change_type = 'invited' and principal_id = 's15.bob@corp.example'
        """
    ) == [("user_S15_admin", "admin")]


def test_current_members_are_the_open_periods(cases: Query):
    assert cases(
        """
        select membership_period_id, start_reason from marts.membership_periods where is_current
        except select membership_period_id, start_reason from marts.current_members
        """
    ) == []  # fmt: skip


def test_an_assignment_of_no_resource_is_kept_with_its_nulls(cases: Query):
    assert cases(
        """
        select scope_type, scope_id, principal_email, "current_role" from marts.membership_changes
        where activity_id = 'activity_M06_008'
        """
    ) == [(None, None, "eve@other.example", "admin")]


def test_an_administrators_role_is_one_also_beside_the_membership(cases: Query):
    found = cases(
        "select distinct is_administrator from marts.access_grants where role = 'admin' and grant_type in "
        "('organization', 'organization_role')"
    )
    assert found == [(True,)]
