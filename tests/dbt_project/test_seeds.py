"""The exact maps in `dbt_project/seeds` against the documented contract: nothing is forgotten, nothing made up."""

import csv
import json
import re
from typing import Any

from orchestration.config.settings import ROOT

CONTRACT: dict[str, Any] = json.loads((ROOT / "local_feed/activity_types.json").read_text())
# Asked for, begun or looked up; nothing is changed yet.
NO_CHANGE_YET = {
    "domain_claim_initiated", "org_domain_add_initiated", "org_parent_join_proposal_created",
    "org_parent_search_performed", "org_sso_add_initiated",
}  # fmt: skip
# Their values before and after are in `membership_changes`, in `key_events`, or are contents rather than settings.
ELSEWHERE = {
    "ccr_agent_proxy_credential_rotated", "claude_code_team_memory_updated",
    "claude_code_team_onboarding_guide_updated", "claude_code_user_memory_updated", "claude_user_role_updated",
    "claude_user_seat_tier_updated", "design_project_member_role_updated", "org_user_left",
    "platform_service_account_workspace_member_updated", "platform_signing_key_rotated",
    "platform_workspace_member_updated", "primary_owner_transferred",
}  # fmt: skip


# Done when recorded: what was started is the subscription itself, not an attempt at one.
DONE_AT_ONCE = {"subscription_started"}


def seed(name: str) -> list[dict[str, str]]:
    with (ROOT / f"dbt_project/seeds/{name}.csv").open() as file:
        return list(csv.DictReader(file))


def test_every_documented_change_of_configuration_is_mapped():
    mapped = {row["activity_type"] for row in seed("configuration_settings")}
    configuration = {row["activity_type"] for row in seed("activity_types") if row["category"] == "configuration"}
    assert configuration - mapped == NO_CHANGE_YET


def test_every_type_that_states_values_before_and_after_is_mapped():
    mapped = {row["activity_type"] for row in seed("configuration_settings")}
    stating = {
        kind
        for kind, shape in CONTRACT.items()
        if any(
            name in ("updates", "current_value") or name.startswith(("previous_", "old_"))
            for name in shape["fields"]
        )
    }
    assert stating - mapped == ELSEWHERE


def test_mapped_settings_name_fields_that_the_contract_has():
    rows = seed("configuration_settings")
    for row in rows:
        fields = CONTRACT[row["activity_type"]]["fields"]
        named = [row[column] for column in ("object_id_field", "previous_field", "current_field") if row[column]]
        assert set(named) <= set(fields), row
        assert ("updates" in fields) == (row["reading"] == "updates"), row
    keys = [(row["activity_type"], row["setting_number"]) for row in rows]
    assert len(keys) == len(set(keys))


def test_every_documented_login_is_mapped():
    mapped = {row["activity_type"] for row in seed("login_types")}
    logins = {
        row["activity_type"]
        for row in seed("activity_types")
        if row["category"] == "authentication"
        and row["object_type"] in ("login", "second_factor", "step_up_authentication")
    }
    assert mapped == logins


def test_every_documented_type_is_classified():
    types = [row["activity_type"] for row in seed("activity_types")]
    assert types == sorted(CONTRACT)


def test_every_documented_field_is_listed():
    listed = {
        (row["part_type"], row["field_name"]) for row in seed("documented_fields") if row["part"] == "activity"
    }
    fields = {(kind, field) for kind, shape in CONTRACT.items() for field in shape["fields"]}
    assert {one for one in listed if one[0] != "*"} == fields


def test_what_was_only_asked_for_started_or_attempted_has_no_known_outcome():
    rows = {row["activity_type"]: row for row in seed("activity_types")}
    begun = {kind for kind in rows if kind.endswith(("_requested", "_started", "_attempted", "_initiated"))}
    assert {kind for kind in begun if rows[kind]["outcome"] != "unknown"} == DONE_AT_ONCE
    failed = {kind for kind in rows if kind.endswith(("_failed", "_invalid"))}
    assert {rows[kind]["outcome"] for kind in failed} == {"failure"}
    # A setting, not a failed attempt.
    assert (rows["org_creation_blocked"]["category"], rows["org_creation_blocked"]["outcome"]) == (
        "configuration", "success",
    )  # fmt: skip


# What names an object or a person, and what only joins records, or is named nowhere else.
NAMING = re.compile(r"(_ids?|_uuids?|_emails?|jti)$")
CORRELATING = {
    "assertion_jti", "correlation_id", "github_app_client_id", "github_app_id", "github_webhook_id", "mint_jti",
    "previous_github_app_client_id", "previous_github_app_id", "reference_id", "report_id", "request_id",
    "token_jti",
}  # fmt: skip


def test_every_documented_field_that_names_an_object_is_mapped():
    rows = seed("activity_object_fields")
    mapped = {(row["activity_type"], row["field_name"].split(".")[0]) for row in rows}
    documented = {(kind, field) for kind, shape in CONTRACT.items() for field in shape["fields"]}
    naming = {(kind, field) for kind, field in documented if NAMING.search(field) and field not in CORRELATING}
    assert naming <= mapped <= documented
    for row in rows:
        fields = CONTRACT[row["activity_type"]]["fields"]
        assert bool(row["object_type"]) != bool(row["object_type_field"]), row
        for column in ("object_type_field", "unless_field"):
            assert not row[column] or row[column].split(".")[0] in fields, row
    keys = [(row["activity_type"], row["field_number"]) for row in rows]
    assert len(keys) == len(set(keys))


def test_maps_of_shares_and_integrations_name_documented_fields():
    for name in ("share_events", "integration_events"):
        for row in seed(name):
            named = {value for column, value in row.items() if column.endswith("_field") and value}
            assert named <= set(CONTRACT[row["activity_type"]]["fields"]), row
    mapped = {row["activity_type"] for row in seed("integration_events")}
    objects = {"integration", "integration_connection", "mcp_server"}
    documented = {row["activity_type"] for row in seed("activity_types") if row["object_type"] in objects}
    assert documented <= mapped
