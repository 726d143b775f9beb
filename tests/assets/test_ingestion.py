"""What the UI shows of a run that could read nothing."""

from pathlib import Path

import dagster as dg
import pytest

from orchestration.definitions import build_defs
from orchestration.privacy.copies import NOTHING
from orchestration.resources import Warehouse

CHECK = dg.AssetCheckKey(dg.AssetKey(["raw", "sources"]), "every_source_is_read")


def test_without_a_key_one_check_fails_and_the_others_keep_their_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    for name in ("ANTHROPIC_COMPLIANCE_ACCESS_KEY", "ANTHROPIC_ADMIN_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("FEED_SOURCES", "")
    with dg.instance_for_test(temp_dir=str(tmp_path)) as instance:
        defs = build_defs(warehouse=Warehouse(database=str(tmp_path / "w.duckdb")))
        checks = list(defs.resolve_asset_graph().asset_check_keys)
        job = defs.resolve_job_def("refresh")
        result = job.execute_in_process(instance=instance, raise_on_error=False)
        found = instance.event_log_storage.get_latest_asset_check_execution_by_key(checks)
    assert not result.success
    assert set(found) == {CHECK}
    evaluation = found[CHECK].event.dagster_event.asset_check_evaluation_data
    assert not evaluation.passed
    assert "ANTHROPIC_COMPLIANCE_ACCESS_KEY" in evaluation.description


def test_materializing_everything_removes_nothing(tmp_path: Path):
    """The launchpad gives each asset its defaults."""
    with dg.DagsterInstance.ephemeral() as instance:
        defs = build_defs(warehouse=Warehouse(database=str(tmp_path / "w.duckdb")))
        job = defs.resolve_implicit_global_asset_job_def()
        result = job.execute_in_process(
            instance=instance, asset_selection=[dg.AssetKey(["raw", "removals"])], raise_on_error=False
        )
    [made] = result.get_asset_materialization_events()
    assert made.materialization.metadata["summary"].value == f"{NOTHING}."
