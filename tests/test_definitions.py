"""The exact set of assets, checks, jobs and schedules, and how they depend on each other."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from graphlib import TopologicalSorter
from pathlib import Path

import dagster as dg
import pytest

from orchestration.assets.project import project
from orchestration.assets.transformation import curated_tables
from orchestration.config.settings import ROOT
from orchestration.definitions import defs

RAW = {
    f"raw/{name}"
    for name in (
        "activities", "activity_revisions", "coverage", "day_seals", "detections", "directory", "extracts",
        "feed_requests", "finding_decisions", "removals", "sources",
    )
}  # fmt: skip
STAGING = {
    f"staging/{name}"
    for name in (
        "activity_object_fields", "activity_types", "configuration_settings", "detection_rules",
        "documented_fields", "integration_events", "login_types", "ocsf_activity_types", "share_events",
        "stg_detections__allowlist", "stg_detections__decisions", "stg_detections__settings",
        "stg_directory__items", "stg_directory__usage", "stg_directory__walks", "stg_feed__activities",
        "stg_feed__activity_revisions", "stg_feed__address_locations", "stg_feed__coverage",
        "stg_feed__day_seals", "stg_feed__extracts", "stg_feed__requests", "stg_feed__sources",
    )
}  # fmt: skip
EDITION = {"published/edition"}
EVIDENCE = {"evidence/access_review", "evidence/attestation"}
ARCHIVE = {"archive/activities"}
DELIVERED = {f"delivered/{name}" for name in ("alerts", "ocsf_activities", "ocsf_findings", "siem")}
GROUPS = {"raw": "ingestion", "published": "publishing", "delivered": "delivery"}
PUBLISHED = {
    f"published/{prefix}{kind}" for prefix in ("", "general_") for kind in ("database", "parquet", "postgres")
}
DETECTIONS = {
    f"detections/{name}"
    for name in (
        "accepted_invitations", "access_ends", "acts_without_access", "admin_grants", "current_findings",
        "detected_findings", "detection_activities", "detection_actors", "detection_acts", "detection_counts",
        "detection_failed_logins", "detection_network_windows", "detection_volume_episodes", "detection_volumes",
        "directory_members", "evidence_activities", "finding_history", "finding_triage", "own_role_changes",
        "role_holders",
    )
}  # fmt: skip
MARTS = {
    f"marts/{name}"
    for name in (
        "access_grants", "activities", "activity_objects", "activity_revisions", "blind_spots",
        "compliance_reads", "configuration_changes", "current_members", "directory_objects",
        "effective_access", "feed_coverage", "finding_evidence", "findings", "integrations", "key_events",
        "key_lifecycle", "key_periods", "key_usage_daily", "key_use_daily", "logins", "membership_changes",
        "membership_periods", "organizations", "public_shares", "schema_drift", "settings_history",
        "state_agreement", "state_differences", "user_activity_daily", "user_activity_summary", "users",
    )
}  # fmt: skip


def test_the_assets_are_exactly_these():
    keys = {key.to_user_string() for key in defs.resolve_all_asset_keys()}
    intermediate = {key for key in keys if key.startswith("intermediate/")}
    assert (
        keys - intermediate
        == RAW | STAGING | DETECTIONS | MARTS | PUBLISHED | EDITION | EVIDENCE | ARCHIVE | DELIVERED
    )
    models = {f"intermediate/{path.stem}" for path in (ROOT / "dbt_project/models/intermediate").glob("*.sql")}
    assert intermediate == models


def test_the_tables_of_the_directory_are_one_asset():
    graph = defs.resolve_asset_graph()
    for name in ("walks", "items", "usage"):
        parents = graph.get(dg.AssetKey(["staging", f"stg_directory__{name}"])).parent_keys
        assert parents == {dg.AssetKey(["raw", "directory"])}


def test_marts_are_built_after_ingestion_and_removals():
    graph = defs.resolve_asset_graph()
    upstream = dg.AssetSelection.assets("marts/user_activity_summary").upstream().resolve(graph)
    assert upstream >= {dg.AssetKey(["raw", "activities"]), dg.AssetKey(["raw", "removals"])}


def test_everything_is_published_from_every_mart():
    graph = defs.resolve_asset_graph()
    edition = dg.AssetKey(["published", "edition"])
    assert {key.to_user_string() for key in graph.get(edition).parent_keys} == MARTS
    for name in PUBLISHED:
        assert graph.get(dg.AssetKey.from_user_string(name)).parent_keys == {edition}


def test_every_asset_is_described_owned_and_grouped():
    graph = defs.resolve_asset_graph()
    for key in graph.materializable_asset_keys:
        node = graph.get(key)
        assert node.description, key
        assert node.owners, key
        group = GROUPS.get(key.path[0], key.path[0])
        assert node.group_name == group or (node.group_name == "core" and group in ("intermediate", "marts")), key
        assert node.kinds, key


def test_the_jobs_and_schedules_are_exactly_these():
    repository = defs.get_repository_def()
    jobs = {job.name for job in repository.get_all_jobs() if not job.name.startswith("__")}
    assert jobs == {
        "refresh", "reconcile", "rebuild", "publish", "verify", "attest", "review", "erase", "retain", "archive",
        "directory", "siem", "triage",
    }  # fmt: skip
    schedules = {one.name: (one.cron_schedule, one.default_status) for one in repository.schedule_defs}
    running = dg.DefaultScheduleStatus.RUNNING
    assert schedules == {
        "refresh_schedule": ("*/5 * * * *", running),
        "directory_schedule": ("27 * * * *", running),
        "reconcile_schedule": ("42 2 * * *", running),
        "verify_schedule": ("32 3 * * 0", running),
        "attest_schedule": ("3 6 3 * *", running),
        # Nothing is removed by itself.
    }
    assert [(one.name, one.default_status.value) for one in repository.sensor_defs] == [
        ("watch_sensor", "RUNNING")
    ]


# The steps that build all tables, check them and publish them.
BUILT = {
    "curated_tables",
    "published__edition",
    "published__database",
    "published__parquet",
    "published__postgres",
    "published__general_database",
    "published__general_parquet",
    "published__general_postgres",
    "marts__findings_no_new_severe_findings",
    "marts__schema_drift_documented_contract_is_current",
    "marts__state_agreement_events_and_directory_agree",
}


@pytest.mark.parametrize(
    ("job", "steps"),
    [
        (
            "refresh",
            BUILT
            | {
                "raw_tables",
                "raw__day_seals",
                "archive__activities",
                "delivered__siem",
                "delivered__alerts",
                "raw_table_checks",
            },
        ),
        ("erase", BUILT | {"raw__removals"}),
        ("directory", BUILT | {"raw__directory", "delivered__alerts", "delivered__siem"}),
        ("verify", {"verification"}),
        ("attest", {"evidence__attestation"}),
        ("review", {"evidence__access_review"}),
        ("archive", {"raw__day_seals", "archive__activities"}),
        ("siem", {"delivered__siem"}),
    ],
)
def test_a_job_has_its_steps_and_no_others(job: str, steps: set[str]):
    assert {node.name for node in defs.resolve_job_def(job).nodes} == steps


def test_every_mart_has_a_checked_key_and_the_ledger_is_checked():
    graph = defs.resolve_asset_graph()
    checks = {(key.asset_key.to_user_string(), key.name) for key in graph.asset_check_keys}
    assert checks >= {
        ("raw/extracts", "no_gaps"),
        ("raw/extracts", "history_is_read"),
        ("raw/extracts", "ledger_counts_equal_rows"),
        ("raw/extracts", "no_record_is_quarantined"),
        ("raw/sources", "every_source_is_read"),
        ("raw/activities", "newest_activity_is_recent"),
        ("raw/feed_requests", "own_reads_come_back"),
        ("marts/findings", "no_new_severe_findings"),
        ("marts/schema_drift", "documented_contract_is_current"),
        ("marts/state_agreement", "events_and_directory_agree"),
        ("raw/activities", "overlap_reaches_far_enough"),
    }
    for mart in MARTS:
        assert (mart, "valid_columns") in checks
        claims = graph.get(dg.AssetCheckKey(dg.AssetKey(mart.split("/")), "valid_columns")).description
        assert "Never null: " in claims, mart
        assert "No two rows have the same" in claims or "has the" in claims, mart


def test_everything_can_be_materialized_at_once_without_a_configuration():
    """By "Materialize all" of the UI, and by `dg launch --assets '*'`."""
    assert dg.validate_run_config(defs.resolve_implicit_global_asset_job_def(), {})


def test_no_group_is_upstream_of_itself():
    """The lineage of groups, with each of them collapsed, reads from left to right."""
    graph = defs.resolve_asset_graph()
    upstream: dict[str, set[str]] = {}
    for key in graph.materializable_asset_keys:
        group = graph.get(key).group_name
        parents = {graph.get(parent).group_name for parent in graph.get(key).parent_keys}
        upstream.setdefault(group, set()).update(parents - {group})
    order = list(TopologicalSorter(upstream).static_order())
    stages = ["ingestion", "staging", "core", "intermediate", "marts", "publishing", "evidence"]
    assert [group for group in order if group in stages] == stages
    assert graph.get(dg.AssetKey(["marts", "activities"])).group_name == "core"


def test_every_check_has_a_short_name_and_says_what_it_claims():
    graph = defs.resolve_asset_graph()
    for key in graph.asset_check_keys:
        assert len(key.name) <= 60, key
        assert graph.get(key).description, key
    names = {(key.asset_key.to_user_string(), key.name) for key in graph.asset_check_keys}
    assert names >= {("marts/activities", "valid_columns"), ("marts/users", "acting_users_are_users")}


def test_every_dbt_test_of_a_build_is_a_check():
    manifest = json.loads(project.manifest_path.read_text())
    tests = {
        name
        for name, node in manifest["nodes"].items()
        if node["resource_type"] == "test" and "code" not in node["tags"]
    }
    assert {spec.metadata["dagster_dbt/unique_id"] for spec in curated_tables.check_specs} == tests


def test_no_description_ends_at_an_unquoted_comma():
    """In a YAML flow mapping a comma ends the text, and dbt takes the rest for a key of the column."""
    manifest = json.loads(project.manifest_path.read_text())
    nodes = [*manifest["nodes"].values(), *manifest["sources"].values()]
    keys = {key for node in nodes for column in node["columns"].values() for key in column}
    assert {key for key in keys if not key.isidentifier()} == set()


def test_personal_data_is_tagged():
    graph = defs.resolve_asset_graph()
    for name, labels in (
        ("marts/users", {"email", "name"}),
        ("marts/state_agreement", set()),
        ("raw/activities", {"email", "free_text", "identifier", "ip", "name", "user_agent"}),
        ("raw/extracts", set()),
    ):
        tags = graph.get(dg.AssetKey.from_user_string(name)).tags
        assert {tag.removeprefix("pii/") for tag in tags if tag.startswith("pii/")} == labels


@pytest.mark.parametrize(
    ("name", "setting", "every", "time", "is_run"),
    [
        ("directory", "DIRECTORY_EVERY_HOURS", "1", (5, 27), True),
        ("directory", "DIRECTORY_EVERY_HOURS", "6", (5, 27), False),
        ("directory", "DIRECTORY_EVERY_HOURS", "6", (6, 27), True),
        ("directory", "DIRECTORY_EVERY_HOURS", "soon", (6, 27), False),
        ("refresh", "REFRESH_EVERY_MINUTES", "", (6, 5), True),
        ("refresh", "REFRESH_EVERY_MINUTES", "15", (6, 5), False),
        ("refresh", "REFRESH_EVERY_MINUTES", "15", (6, 15), True),
        ("refresh", "REFRESH_EVERY_MINUTES", "7", (6, 35), False),
    ],
)
def test_a_schedule_runs_as_often_as_its_setting_says(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    name: str,
    setting: str,
    every: str,
    time: tuple[int, int],
    is_run: bool,
):
    monkeypatch.setenv(setting, every)
    schedule = defs.get_repository_def().get_schedule_def(f"{name}_schedule")
    with (
        dg.instance_for_test(temp_dir=str(tmp_path)) as instance,
        # Unclosed, the context would hand this instance's storage to every later test.
        dg.build_schedule_context(instance, datetime(2026, 11, 30, *time, tzinfo=UTC)) as context,
    ):
        tick = schedule.evaluate_tick(context)
    assert bool(tick.run_requests) == is_run
    assert bool(tick.skip_message) != is_run


def test_reconcile_is_a_refresh_that_reads_covered_days_again():
    repository = defs.get_repository_def()
    refresh, reconcile = repository.get_job("refresh"), repository.get_job("reconcile")
    assert reconcile.asset_layer.selected_asset_keys == refresh.asset_layer.selected_asset_keys
    assert reconcile.run_config["ops"]["raw_tables"]["config"] == {
        "reconcile": True,
        "first_date": "",
        "last_date": "",
    }
    assert not refresh.run_config


def test_definitions_load_without_a_key_a_file_or_the_network():
    code = "import orchestration.definitions as d; print(len(d.defs.resolve_all_asset_keys()))"
    result = subprocess.run(
        [sys.executable, "-c", code],
        env={"PATH": "", "HOME": "/nonexistent"},
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    assert int(result.stdout) > len(RAW | STAGING | DETECTIONS | MARTS)


def test_the_pipeline_s_packages_do_not_import_the_orchestrator():
    code = (
        "import sys, orchestration.ingest.run; "
        "import orchestration.publish.postgres.publication, orchestration.publish.parquet; "
        "import orchestration.archive.write, orchestration.archive.restore, orchestration.archive.offload; "
        "sys.exit(any(name.split('.')[0] in ('dagster', 'dbt') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0
