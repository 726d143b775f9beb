"""A benign quarter is quiet: at most three findings a week, and none that is critical."""

from tests.conftest import Query
from tests.dbt_project.cases.conftest import QUIET_WEEKS


def test_a_benign_quarter_is_quiet(cases: Query):
    rows = cases(
        """
        select rule_id, severity, count(*) from marts.findings
        where is_supported and (
            len(list_filter(evidence_activity_ids, lambda one: starts_with(one, 'activity_benign'))) > 0
            or subject_id like '%benign%'
        )
        group by rule_id, severity
        """
    )
    assert "critical" not in {severity for _, severity, _ in rows}
    counts = {rule: count for rule, _, count in rows}
    assert sum(counts.values()) <= 3 * QUIET_WEEKS, counts
    # Leavers who sign out, telephones and VPNs, a clean-up, and an hour without the identity provider.
    assert counts["mass_deletion"] == 1
    noisy = {"activity_after_removal", "overlapping_networks", "password_spraying", "many_login_failures"}
    assert not noisy & counts.keys(), counts
