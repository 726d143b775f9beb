"""dbt results as Dagster events, also if the assets were defined from an older dbt project."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from dagster_dbt import DagsterDbtTranslator
from dbt.events.types import LogModelResult, LogStartLine
from dbt_common.events.base_types import msg_from_base_event

from orchestration.assets.dbt_run import Progress, dagster_result
from orchestration.assets.project import project


def test_a_node_without_an_asset_is_reported():
    message = msg_from_base_event(
        LogModelResult(description="", status="OK", index=1, total=1, execution_time=0.0)
    )
    node = message.data.node_info
    node.unique_id, node.node_name, node.node_status = "model.compliance.newer", "newer", "success"
    selection = SimpleNamespace(manifest=project.manifest_path, dagster_dbt_translator=DagsterDbtTranslator())
    done = SimpleNamespace(success=True, result=None, exception=None)
    run = dagster_result([message], done, None, selection, Path("target"))
    assert run.events == []
    assert run.failure.startswith("The dbt project has changed: model.compliance.newer is not among the assets.")
    assert "make setup" in run.failure


def test_a_long_build_says_now_and_then_how_far_it_is(caplog: pytest.LogCaptureFixture):
    now = [0.0]
    progress = Progress(every=10, clock=lambda: now[0])
    with caplog.at_level("INFO", logger="orchestration"):
        for second in range(25):
            now[0] = float(second)
            line = LogStartLine(description=f"model {second}", index=second, total=25)
            progress(msg_from_base_event(line))
            progress(msg_from_base_event(LogModelResult(description="", status="OK", index=1, total=1)))
    assert caplog.messages == ["dbt: 10 of 25, model 10", "dbt: 20 of 25, model 20"]


def test_an_unreadable_project_is_reported_with_its_error():
    error = RuntimeError("Parsing Error\n  Error reading compliance: staging/bad.yml")
    done = SimpleNamespace(success=False, result=None, exception=error)
    run = dagster_result([], done, None, None, Path("target"))
    assert run.failure == (
        "dbt failed as a whole. Parsing Error Error reading compliance: staging/bad.yml "
        "The full log is target/dbt.log."
    )


def test_an_interrupt_stays_one_where_dbt_fails_to_cancel_its_queries():
    def cancel():
        try:
            raise RuntimeError("connection is busy")
        except RuntimeError as error:
            raise ValueError("Resource In Use Error") from error

    try:
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt:
            cancel()
    except ValueError as error:
        done = SimpleNamespace(success=False, result=None, exception=error)
    with pytest.raises(KeyboardInterrupt):
        dagster_result([], done, None, None, Path("target"))
