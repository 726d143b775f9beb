"""What an activity is: its type, its outcome, and when it happened."""

from tests.conftest import Query


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
    assert cases(
        """
        select sum(success_count), sum(failure_count), sum(unknown_count), sum(refused_count)
        from marts.compliance_reads where actor_id = 'apikey_01s6'
        """
    ) == [(1, 4, 1, 2)]


def test_access_by_the_provider_is_known_and_dated_by_when_it_happened(cases: Query):
    found = cases(
        """
        select
            activity_type, category, is_known_type, outcome, cast(occurred_at as varchar),
            cast(activity_date as varchar), cast(created_at as varchar)
        from marts.activities where activity_id like 'activity_0000s5%' order by activity_id
        """
    )
    assert found == [
        ("anthropic_access", "security", True, "success",
         "2026-11-06 23:50:06.478035", "2026-11-06", "2026-11-09 17:12:09.812446"),
        ("cmek_preserve", "security", True, "success",
         "2026-11-07 00:10:06", "2026-11-07", "2026-11-09 17:15:09.812446"),
    ]  # fmt: skip
    assert (
        cases("select name from marts.schema_drift where activity_type in ('anthropic_access', 'cmek_preserve')")
        == []
    )


def test_access_by_the_provider_is_a_finding_with_reason_and_department(cases: Query):
    found = cases(
        """
        select rule_id, cast(occurred_at as varchar), summary, evidence_activity_ids
        from marts.findings where subject_id = '00000000-0000-4000-8000-0000000000s5'
        """
    )
    assert found == [
        ("provider_access", "2026-11-06 23:50:06.478035",
         "The provider's staff accessed your content: reason safety_review, department Safeguards.",
         ["activity_0000s5_00023"]),
    ]  # fmt: skip


def test_days_of_the_feed_count_access_by_the_provider_when_it_became_visible(cases: Query):
    counted = cases("select sum(activity_count) from marts.feed_coverage")
    assert counted == cases("select count(*) from raw.activities")
    [(visible,)] = cases("select activity_count from marts.feed_coverage where coverage_date = '2026-11-09'")
    assert visible >= 2
