"""The SQL of membership periods gives what a sequential fold of the rules gives, over random events and walks."""

from tests.conftest import Query
from tests.dbt_project.directory.sequential_fold import RANDOM, Row


def test_random_histories(walked: Query):
    found: dict[str, list[Row]] = {}
    for user, *row in walked(
        """
        select principal_id, role, valid_from, valid_to, start_reason, end_reason from marts.membership_periods
        where scope_id like 'org-random%' order by principal_id, valid_from nulls first
        """
    ):
        found.setdefault(user, []).append(tuple(row))  # type: ignore[arg-type]
    expected = {user: rows for _, folded in RANDOM for user, rows in folded.items() if rows}
    assert sum(len(rows) for rows in expected.values()) > 300
    differing = {
        user: (found.get(user), expected.get(user))
        for user in found.keys() | expected.keys()
        if found.get(user) != expected.get(user)
    }
    assert differing == {}
