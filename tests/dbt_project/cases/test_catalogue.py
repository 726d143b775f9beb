"""What an activity is: its type, its outcome, and when it happened."""

from __future__ import annotations

from tests.dbt_project.cases.conftest import Query


def test_every_mart_says_the_same_of_a_refused_read(cases: Query):
    [answer] = cases(
        """
        select
            count(*) filter (outcome = 'success'), count(*) filter (outcome = 'failure'),
            count(*) filter (outcome = 'unknown')
        from marts.activities where activity_id like 'activity_01s6%' and activity_type = 'compliance_api_accessed'
        """
    )
    assert answer == (1, 4, 1)
