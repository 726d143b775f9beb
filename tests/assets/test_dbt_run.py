"""dbt results as Dagster events, also if the assets were defined from an older dbt project."""

from pathlib import Path
from types import SimpleNamespace

import duckdb
import pytest
from dagster_dbt import DagsterDbtTranslator
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.events.types import LogModelResult, LogStartLine
from dbt_common.events.base_types import msg_from_base_event

from orchestration.assets.dbt_run import Progress, dagster_result
from orchestration.assets.project import project
from tests.manifests import parsed_runner


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


def test_a_failed_test_of_columns_names_what_does_not_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Of rows that the last build tested, only those whose key comes again."""
    path, directory = tmp_path / "w.duckdb", str(project.project_dir)
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "create schema raw; create table raw.builds as select 2 as ingest_seq; create schema marts"
        )
        connection.execute("""
            create table marts.logins as
            select activity_id, occurred_at, 'sso' as login_kind, outcome, ingest_seq
            from (values
                ('old', now(), 'success', 1), ('old', now(), 'success', 2), ('again', now(), 'success', 1),
                ('again', now(), 'success', 3), ('new', now(), null, 3), ('new', now(), 'success', 4),
                ('other', now(), 'so-so', 3), ('more', null, 'success', 4)
            ) as rows (activity_id, occurred_at, outcome, ingest_seq)
        """)
    monkeypatch.setenv("WAREHOUSE_PATH", str(path))
    monkeypatch.chdir(directory)
    command = ["--quiet", "--no-write-json", "test", "--select", "logins,test_name:valid_columns"]
    places = ["--project-dir", directory, "--profiles-dir", directory, "--target-path", str(tmp_path)]
    result = parsed_runner().invoke([*command, *places, "--log-path", str(tmp_path)])
    DuckDBConnectionManager.close_all_connections()
    assert (
        "activity_id is not unique (2), occurred_at is null (1), outcome is null (1), "
        "outcome is of no accepted value (1)" in dagster_result([], result, None, None, tmp_path).failure
    )
