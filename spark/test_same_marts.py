"""Spark builds from an archive the same marts as DuckDB, row by row, and every data test passes on it."""

import os
import subprocess
from pathlib import Path

import pytest

from spark.differences import differences
from spark.histories import everything

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.timeout(3600)
def test_every_mart_is_the_same(tmp_path: Path):
    warehouse, root, work = tmp_path / "warehouse.duckdb", tmp_path / "archive", tmp_path / "spark"
    everything(warehouse, root)
    subprocess.run(
        [ROOT / ".venv-spark/bin/python", "-m", "spark", root, work],
        cwd=ROOT,
        env=os.environ | {"SPARK_BUILD": "one"},
        check=True,
    )
    assert differences(warehouse, work / "warehouse/marts_build_one.db") == []
