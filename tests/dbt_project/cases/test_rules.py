"""What the rules find in the attacks, when, and on which evidence; and what they do not."""

import pytest

from tests.conftest import Query
from tests.dbt_project.cases.attacks import STORIES
from tests.dbt_project.cases.test_findings import found

EXPECTED: dict[str, list[tuple[str, str | None, str, list[str]]]] = {
    "F14": [
        ("admin_key_created", "k1", "03-01 10:00", ["000"]),
        ("admin_key_deleted", "k2", "03-01 10:01", ["001"]),
        ("code_egress_enabled", "org-F14", "03-01 10:10", ["010"]),
        ("directory_sync_deleted", "org-F14", "03-01 10:06", ["006"]),
        ("invite_domains_widened", "org-F14", "03-01 10:11", ["011"]),
        ("invite_domains_widened", "org-F14", "03-01 10:12", ["012"]),
        ("invite_domains_widened", "org-F14", "03-01 10:13", ["013"]),
        ("invite_link_created", "org-F14", "03-01 10:03", ["003"]),
        ("ip_restriction_updated", "org-F14", "03-01 10:04", ["004"]),
        ("organization_setting_weakened", "org-F14", "03-01 10:08", ["008"]),
        ("organization_setting_weakened", "org-F14", "03-01 10:09", ["009"]),
        ("project_made_public", "p1", "03-01 10:02", ["002"]),
        ("provisioning_changed", "org-F14", "03-01 10:05", ["005"]),
        ("tunnel_token_revealed", "tt", "03-01 10:07", ["007"]),
    ],
    "F15": [
        ("mass_api_deletion", "apikey_F15A", "03-03 00:39", ["268", "367"]),
        ("mass_chat_creation", "user_F15_sam", "03-03 00:39", ["168", "267"]),
        ("mass_download", "user_F15_eve", "03-02 00:04", ["000", "049"]),
        ("mass_member_removal", "user_F15_ada", "03-02 10:09", ["129", "138"]),
        ("mass_role_grant", "user_F15_ada", "03-02 10:19", ["148", "167"]),
    ],
    "F16": [
        ("many_login_failures", None, "03-06 10:04", ["019", "023"]),
        ("nameless_failures_then_success", "user_F16_nia", "03-07 10:30", ["034", "039"]),
        ("password_spraying", "198.18.77.9", "03-01 10:04", ["000", "015"]),
    ],
    "F17": [
        ("scripted_session", "user_F17_eve", "03-01 10:00", ["000"]),
        ("scripted_session", "user_F17_eve", "03-02 10:00", ["002"]),
    ],
    "F18": [],
    "F19": [("overlapping_networks", "user_F19_eve", "03-03 11:03", ["004", "005", "006", "008"])],
    "F20": [("first_seen_integration", "mcp_F20", "03-01 10:00", ["000"])],
    "F21": [
        ("mass_deletion", "org-F21", "03-01 10:29", ["000", "030", "060", "090", "120"]),
        ("mass_deletion", "user_F21_f", "03-05 10:29", ["150", "179"]),
        ("mass_deletion", "user_F21_g", "03-05 10:29", ["180", "209"]),
        ("mass_deletion", "user_F21_h", "03-05 10:29", ["210", "239"]),
        ("mass_deletion", "user_F21_i", "03-05 10:29", ["240", "269"]),
    ],
    "F22": [("impossible_travel", "user_F22_eve", "03-02 00:30", ["000", "001"])],
}  # fmt: skip
# Rules about keys and reads that are not what these stories are of.
ASIDE = {"compliance_read_by_new_key", "key_unused"}


@pytest.mark.parametrize("story", STORIES)
def test_an_attack_is_found_and_what_looks_alike_is_not(cases: Query, story: str):
    assert [finding for finding in found(cases, story) if finding[0] not in ASIDE] == EXPECTED[story]


def test_activities_say_where_they_came_from(cases: Query):
    places = cases(
        "select activity_id, actor_country, actor_asn from marts.activities "
        "where activity_id in ('activity_F22_000', 'activity_F22_001', 'activity_F19_000') order by 1"
    )
    assert [place[1:] for place in places] == [(None, None), ("DE", None), ("US", None)]
