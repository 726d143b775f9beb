"""Where events alone and the newest complete walk disagree, and how much they agree on."""

from typing import Any

import pytest

from tests.conftest import Query
from tests.dbt_project.directory.differences import BLIND, EXPECTED, PROOF
from tests.dbt_project.directory.stories import at


@pytest.mark.parametrize(("scope_type", "user"), EXPECTED)
def test_differences(walked: Query, scope_type: str, user: str):
    found = walked(
        """
        select difference_kind, event_value, directory_value, explanation, since from marts.state_differences
        where scope_type = ? and object_id = ?
        """,
        scope_type,
        user,
    )
    *values, since = EXPECTED[scope_type, user]
    assert found == [(*values, at(since))]


def test_nobody_else_differs(walked: Query):
    found: list[tuple[Any, ...]] = walked(
        """
        select scope_type, object_id from marts.state_differences
        where object_id like 'e_~_%' escape '~'
        """
    )
    assert set(found) == EXPECTED.keys()
    assert len(found) == len(EXPECTED)


def test_a_difference_names_the_newest_walk_of_the_list(walked: Query):
    found = walked("select walk_id from marts.state_differences where object_id in ('e1_silent', 'e1_dated')")
    assert {walk_id for (walk_id,) in found} == {
        f"proof/users/{PROOF.org}/0303100000",
        f"admin/members/{PROOF.org}/0303102000",
    }


def test_agreement(walked: Query):
    assert walked(
        """
        select object_kind, compared_count, agreeing_count, difference_count, unexplained_count, agreement_percent
        from marts.state_agreement where organization_uuid = ? order by 1
        """,
        BLIND.org,
    ) == [("member", 4, 1, 3, 1, 25.0)]


def test_an_unknown_role_is_no_difference(walked: Query):
    assert walked("select 1 from marts.state_differences where object_id = 'e1_unknown'") == []
