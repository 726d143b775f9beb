"""What dbt did, told to Dagster: also where the assets were defined by a dbt project of before."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

from dagster_dbt import DagsterDbtTranslator
from dbt.events.types import LogModelResult
from dbt_common.events.base_types import msg_from_base_event

from orchestration.assets.dbt_run import tell
from orchestration.assets.project import project


def test_a_node_that_the_assets_do_not_know_is_one_sentence():
    message = msg_from_base_event(
        LogModelResult(description="", status="OK", index=1, total=1, execution_time=0.0)
    )
    node = message.data.node_info
    node.unique_id, node.node_name, node.node_status = "model.compliance.newer", "newer", "success"
    selection = SimpleNamespace(manifest=project.manifest_path, dagster_dbt_translator=DagsterDbtTranslator())
    done = SimpleNamespace(success=True, result=None, exception=None)
    run = tell([message], done, None, selection, Path("target"))
    assert run.events == []
    assert run.failure.startswith("The dbt project has changed: model.compliance.newer is not among the assets.")
    assert "make setup" in run.failure


def test_a_project_that_cannot_be_read_is_told_with_what_is_wrong():
    error = RuntimeError("Parsing Error\n  Error reading compliance: staging/bad.yml")
    done = SimpleNamespace(success=False, result=None, exception=error)
    run = tell([], done, None, None, Path("target"))
    assert run.failure == (
        "dbt failed as a whole. Parsing Error Error reading compliance: staging/bad.yml "
        "The full log is target/dbt.log."
    )
