"""dbt on a warehouse, in this process: a child would import for seconds."""

import contextlib
from pathlib import Path

import pytest
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunnerResult

from orchestration.assets.dbt_run import UNCHANGED_WITH_THE_CODE
from orchestration.assets.project import project
from orchestration.detections.file import read_detections
from orchestration.detections.load import load_detections
from orchestration.project_files import project_sha256
from orchestration.warehouse.builds import record_build
from orchestration.warehouse.connection import open_warehouse
from tests.manifests import parsed_runner

_BUILD = ("build", "--exclude-resource-types", "test", "unit_test")


def make_curated(path: Path) -> None:
    """An empty warehouse at `path` with every curated table, as after the first refresh of a silent feed."""
    with open_warehouse(path) as connection:
        detections = read_detections({"DETECTIONS": ""})
        load_detections(connection, detections)
    run_dbt(path, path.with_suffix(".dbt"), *_BUILD)
    with open_warehouse(path) as connection:
        record_build(connection, project_sha256(project.project_dir), 0, 0, detections.sha256)


def build_models(path: Path, target: Path, *arguments: str) -> None:
    """Build the models on a warehouse that was built before, as a refresh does, without tests."""
    unchanged = () if "--full-refresh" in arguments else ("--exclude", *UNCHANGED_WITH_THE_CODE)
    run_dbt(path, target, *_BUILD, *arguments, *unchanged)


def run_dbt(path: Path, target: Path, *command: str) -> dbtRunnerResult:
    """The result of a dbt command on the warehouse at `path`, which succeeds; the log goes to `target`."""
    directory = str(project.project_dir)
    flags = ["--quiet", "--log-level-file", "none", "--no-write-json"]
    with pytest.MonkeyPatch.context() as patch, contextlib.chdir(directory):
        patch.setenv("WAREHOUSE_PATH", str(path))
        patch.setenv("DBT_TARGET_PATH", str(target))
        patch.setenv("DBT_LOG_PATH", str(target))
        try:
            result = parsed_runner().invoke(
                [*flags, *command, "--project-dir", directory, "--profiles-dir", directory]
            )
        finally:
            # dbt leaves the file open in this process.
            DuckDBConnectionManager.close_all_connections()
    assert result.success, result.exception or [
        (one.node.name, one.message) for one in result.result if one.status in ("error", "fail")
    ]
    return result
