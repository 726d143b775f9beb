"""The dbt project by itself: freshness, labels, descriptions and the generated dictionary."""

import json
from pathlib import Path

import dagster as dg
import pytest

from orchestration.assets.project import project
from orchestration.docs_pages.dictionary import DICTIONARY, render
from orchestration.publish.marts import read_catalog
from orchestration.publish.sets import IN_GENERAL
from tests.dbt_project.builds import run_dbt


def test_fresh_sources_are_fresh(built: tuple[Path, dg.ExecuteInProcessResult], tmp_path: Path):
    result = run_dbt(built[0], tmp_path, "source", "freshness")
    assert {one.node.name: str(one.status) for one in result.result}["activities"] == "pass"


# What a column of this name can hold, whatever mart it stands in.
PERSONAL = (
    "email",
    "ip_address",
    "user_agent",
    "payload",
    "previous_value",
    "current_value",
    "document",
    "reason",
)


def test_columns_that_can_hold_personal_data_are_labelled():
    unlabelled = [
        f"{mart.name}.{column.name}"
        for mart in read_catalog(project.manifest_path).marts
        for column in mart.columns
        if column.data_type.startswith("varchar")
        and (column.name == "name" or any(word in column.name for word in PERSONAL))
        and column.pii is None
    ]
    # A word of ours, and the name of a type or field of the feed.
    assert set(unlabelled) == {
        "access_grants.end_reason", "access_grants.start_reason", "current_members.end_reason",
        "current_members.start_reason", "membership_periods.end_reason",
        "membership_periods.start_reason", "schema_drift.name", "settings_history.end_reason",
        "settings_history.start_reason",
    }  # fmt: skip


# Columns in which the feed documents an id or a word of its own, and our words and hashes of these. The general
# set shows them as they are: to add a column of text, label it, or list it here.
NOT_PERSONAL = """
    action activity_id activity_revision_id activity_type actor_country actor_network actor_type actor_user_id
    audience blind_spot_id category change_kind change_type changed_fields configuration_change_id current_role
    current_seat_tier current_status difference_kind drift_kind end_reason ended_by_activity_id endpoint
    event_type evidence_activity_ids example_activity_id explanation feed_coverage_id finding_evidence_id
    grant_id grant_type group_id holder_type identity_provider integration_id integration_key integration_type
    key_event_id key_id key_period_id key_type key_usage_daily_id key_use_daily_id login_kind login_method
    membership_status mfa_method mitre_technique mitre_technique_name model object_kind object_type
    organization_id organization_role organization_uuid outcome owner_type parent_id partial_key_hint path
    previous_role previous_seat_tier previous_status principal_type request_id request_method resource_type
    role role_id rule_id schema_drift.name schema_drift_id scope_id scope_type scopes seat_tier setting
    severity share_kind source start_reason started_by_activity_id state_agreement_id state_difference_id
    status subject_type switch switched_off_activity_id switched_on_activity_id title triage_status
    user_activity_daily_id user_id walk_id workspace_id
"""


def test_every_column_of_text_was_decided_on():
    columns = [
        (mart.name, column) for mart in read_catalog(project.manifest_path).marts for column in mart.columns
    ]
    labels = {column.pii for _, column in columns} - {None}
    assert labels == {"free_text", *IN_GENERAL}
    texts = [(mart, column.name) for mart, column in columns if "varchar" in column.data_type and not column.pii]
    assert {f"{mart}.name" if name == "name" else name for mart, name in texts} == set(NOT_PERSONAL.split())


def test_the_data_dictionary_is_current():
    advice = "Run `python -m orchestration dictionary`."
    assert DICTIONARY.read_text() == render(read_catalog(project.manifest_path)), advice


def test_everything_published_is_exposed_from_every_mart():
    manifest = json.loads(project.manifest_path.read_text())
    marts = {f"model.compliance.{mart.name}" for mart in read_catalog(project.manifest_path).marts}
    exposures = {one["name"]: set(one["depends_on"]["nodes"]) for one in manifest["exposures"].values()}
    for name in ("published_database", "published_parquet", "published_postgres", "published_general_set"):
        assert exposures[name] == marts, name
    assert exposures["compliance_dashboard"] <= marts


def test_the_semantic_layer_has_the_main_counts():
    manifest = json.loads(project.manifest_path.read_text())
    metrics = {one["name"] for one in manifest["metrics"].values()}
    assert metrics == {"activities", "active_users", "active_keys", "failed_logins", "membership_changes"}


@pytest.mark.parametrize("layer", ["staging", "intermediate", "detections", "marts"])
def test_every_model_and_column_is_described(layer: str):
    nodes = json.loads(project.manifest_path.read_text())["nodes"].values()
    models = [node for node in nodes if node["resource_type"] == "model" and node["schema"] == layer]
    assert models
    for model in models:
        assert model["description"].startswith("One row per"), model["name"]
        assert model["columns"], model["name"]
        assert all(column["description"] for column in model["columns"].values()), model["name"]
