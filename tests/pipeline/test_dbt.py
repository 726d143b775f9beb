"""The dbt project by itself: unit tests of the models, freshness, and no deprecated spelling."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from orchestration.settings import ROOT


def dbt(path: Path, target: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {
        "WAREHOUSE_PATH": str(path),
        "DBT_TARGET_PATH": str(target),
        "DBT_LOG_PATH": str(target),
    }
    command = [Path(sys.executable).with_name("dbt"), *arguments, "--profiles-dir", "."]
    return subprocess.run(command, cwd=ROOT / "dbt_project", env=environment, capture_output=True, text=True)


def test_the_unit_tests_of_the_models_pass(built: tuple[Path, dg.ExecuteInProcessResult], tmp_path: Path):
    result = dbt(built[0], tmp_path, "test", "--select", "test_type:unit")
    assert result.returncode == 0, result.stdout
    assert "PASS=" in result.stdout
    assert "PASS=0" not in result.stdout


def test_fresh_sources_are_fresh(built: tuple[Path, dg.ExecuteInProcessResult], tmp_path: Path):
    result = dbt(built[0], tmp_path, "source", "freshness")
    assert result.returncode == 0, result.stdout
    assert "PASS freshness of raw.activities" in result.stdout


@pytest.mark.parametrize("layer", ["staging", "intermediate", "detections", "marts"])
def test_every_model_and_column_is_described(layer: str):
    import json

    from orchestration.project import project

    nodes = json.loads(project.manifest_path.read_text())["nodes"].values()
    models = [node for node in nodes if node["resource_type"] == "model" and node["schema"] == layer]
    assert models
    for model in models:
        assert model["description"].startswith("One row per"), model["name"]
        assert model["columns"], model["name"]
        assert all(column["description"] for column in model["columns"].values()), model["name"]
