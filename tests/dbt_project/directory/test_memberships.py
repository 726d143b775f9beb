"""Who was where, in which role, from when until when, by events and by what walks of the directory showed."""

from __future__ import annotations

import pytest

from tests.dbt_project.cases.conftest import Query
from tests.dbt_project.directory.memberships import EXPECTED, Periods
from tests.dbt_project.directory.stories import at


@pytest.mark.parametrize(
    ("story", "scope_type", "user", "expected"), EXPECTED, ids=[f"{one[1]}-{one[2]}" for one in EXPECTED]
)
def test_periods(directory: Query, story: str, scope_type: str, user: str, expected: Periods):
    found = directory(
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
