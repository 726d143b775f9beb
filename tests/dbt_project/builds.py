"""Building the dbt models on a warehouse, in this process: a child would import for seconds."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from dbt.adapters.duckdb.connections import DuckDBConnectionManager

from orchestration.assets.project import project
from tests.manifests import parsed_runner


def build_models(path: Path, target: Path, *arguments: str) -> None:
    """Build all models on the warehouse at `path`, without their tests; artifacts and the log go to `target`."""
    directory = str(project.project_dir)
    command = [
        *("--quiet", "build", "--project-dir", directory, "--profiles-dir", directory),
        *("--exclude-resource-types", "test", "unit_test", *arguments),
    ]
    with pytest.MonkeyPatch.context() as patch, contextlib.chdir(directory):
        patch.setenv("WAREHOUSE_PATH", str(path))
        patch.setenv("DBT_TARGET_PATH", str(target))
        patch.setenv("DBT_LOG_PATH", str(target))
        try:
            result = parsed_runner().invoke(command)
        finally:
            # dbt leaves the file open in this process.
            DuckDBConnectionManager.close_all_connections()
    assert result.success, result.exception or [one.message for one in result.result]
