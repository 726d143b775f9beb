"""The exact set of definitions: nothing vanishes, nothing appears unseen."""

from __future__ import annotations

import subprocess
import sys

import dagster as dg

from orchestration.definitions import defs
from orchestration.settings import ROOT

RAW = {"raw/activities", "raw/activity_revisions", "raw/extracts", "raw/feed_requests", "raw/sources"}
STAGING = {"staging/activity_types", "staging/stg_feed__activities", "staging/stg_feed__requests"}
MARTS = {
    f"marts/{name}"
    for name in (
        "activities", "current_members", "key_events", "key_lifecycle", "membership_changes",
        "membership_periods", "user_activity_daily", "user_activity_summary", "users",
    )
}  # fmt: skip


def test_the_assets_are_exactly_these():
    keys = {key.to_user_string() for key in defs.resolve_all_asset_keys()}
    intermediate = {key for key in keys if key.startswith("intermediate/")}
    assert keys - intermediate == RAW | STAGING | MARTS
    models = {f"intermediate/{path.stem}" for path in (ROOT / "dbt_project/models/intermediate").glob("*.sql")}
    assert intermediate == models


def test_lineage_reaches_from_the_marts_to_the_raw_activities():
    graph = defs.resolve_asset_graph()
    upstream = dg.AssetSelection.assets("marts/user_activity_summary").upstream().resolve(graph)
    assert dg.AssetKey(["raw", "activities"]) in upstream


def test_every_asset_is_described_owned_and_grouped():
    graph = defs.resolve_asset_graph()
    for key in defs.resolve_all_asset_keys():
        node = graph.get(key)
        assert node.description, key
        assert node.owners, key
        assert node.group_name == {"raw": "ingestion"}.get(key.path[0], key.path[0])
        assert node.kinds, key


def test_the_jobs_and_schedules_are_exactly_these():
    repository = defs.get_repository_def()
    jobs = {job.name for job in repository.get_all_jobs() if not job.name.startswith("__")}
    assert jobs == {"refresh", "reconcile", "rebuild"}
    assert [(one.name, one.cron_schedule, one.default_status) for one in repository.schedule_defs] == [
        ("refresh_schedule", "*/15 * * * *", dg.DefaultScheduleStatus.RUNNING),
        ("reconcile_schedule", "40 2 * * *", dg.DefaultScheduleStatus.RUNNING),
    ]


def test_every_mart_has_a_checked_key_and_the_ledger_is_checked():
    graph = defs.resolve_asset_graph()
    checks = {(key.asset_key.to_user_string(), key.name) for key in graph.asset_check_keys}
    assert checks >= {
        ("raw/extracts", "no_gaps"),
        ("raw/sources", "every_source_was_read"),
        ("raw/activities", "overlap_reaches_far_enough"),
    }
    for mart in MARTS:
        names = [name for asset, name in checks if asset == mart]
        assert any(name.startswith("unique_") for name in names), mart
        assert any(name.startswith("not_null_") for name in names), mart


def test_reconcile_is_a_refresh_that_walks_covered_days_again():
    repository = defs.get_repository_def()
    refresh, reconcile = repository.get_job("refresh"), repository.get_job("reconcile")
    assert reconcile.asset_layer.selected_asset_keys == refresh.asset_layer.selected_asset_keys
    assert reconcile.run_config["ops"]["raw_tables"]["config"] == {"reconcile": True}
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
    assert int(result.stdout) > len(RAW | STAGING | MARTS)


def test_the_pipeline_s_packages_do_not_import_the_orchestrator():
    code = (
        "import sys, orchestration.ingest; "
        "sys.exit(any(name.split('.')[0] in ('dagster', 'dbt') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0
