"""dbt on a warehouse, in this process: a child would import for seconds."""

from __future__ import annotations

import contextlib
from pathlib import Path

import duckdb
import pytest
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunnerResult

from orchestration.assets.dbt_run import UNCHANGED_WITH_THE_CODE
from orchestration.assets.project import project
from tests.manifests import parsed_runner


def build_models(path: Path, target: Path, *arguments: str) -> None:
    """Build the models on the warehouse at `path` as a refresh does, without tests; the log goes to `target`."""
    with duckdb.connect(str(path), read_only=True) as connection:
        is_first = not connection.execute("select 1 from duckdb_views() where schema_name = 'staging'").fetchall()
    if not (is_first or arguments):
        arguments = ("--exclude", *UNCHANGED_WITH_THE_CODE)
    run_dbt(path, target, "build", "--exclude-resource-types", "test", "unit_test", *arguments)


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
