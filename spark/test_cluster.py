"""Builds on a standalone cluster, through its Thrift server, of which parts are killed."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from spark.cluster import Cluster
from spark.differences import differences
from spark.histories import archived

ROOT = Path(__file__).resolve().parent.parent
PYTHON = ROOT / ".venv-spark/bin/python"
# The Spark of each environment; dbt is that of the first.
ENVIRONMENTS = {"4.3": ".venv-spark", "3.5": ".venv-spark-3.5"}


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A warehouse, and its archive."""
    directory = tmp_path_factory.mktemp("history")
    warehouse, root = directory / "warehouse.duckdb", directory / "archive"
    archived(warehouse, root)
    return warehouse, root


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("version", ENVIRONMENTS)
def test_readers_have_the_last_finished_build(version: str, history: tuple[Path, Path], tmp_path: Path):
    warehouse, root = history
    [home] = (ROOT / ENVIRONMENTS[version]).glob("lib/python*/site-packages/pyspark")
    tables = tmp_path / "cluster/warehouse"
    with Cluster(home, tmp_path / "cluster") as cluster:

        def dbt(build: str, *command: str, on_mart: Callable[[], object] = lambda: None) -> bool:
            """Run a dbt command, with a call before each mart. Returns whether it succeeded."""
            with subprocess.Popen(
                [PYTHON.with_name("dbt"), "--no-use-colors", *command, "--target", "spark"],
                cwd=ROOT / "dbt_project",
                stdout=subprocess.PIPE,
                text=True,
                env=os.environ
                | {
                    "ARCHIVE_PATH": str(root),
                    "DBT_LOG_PATH": str(tmp_path / "logs"),
                    "DBT_PROFILES_DIR": str(ROOT / "dbt_project"),
                    "DBT_TARGET_PATH": str(tmp_path / "target"),
                    "DO_NOT_TRACK": "1",
                    "PYTHONUNBUFFERED": "1",
                    "SPARK_BUILD": build,
                    "SPARK_HOST": "127.0.0.1",
                    "SPARK_METHOD": "thrift",
                    "SPARK_PORT": str(cluster.port),
                    "SPARK_USER": "test",
                },
            ) as process:
                assert process.stdout
                for line in process.stdout:
                    print(line, end="")
                    if f" START sql table model marts_build_{build}." in line:
                        on_mart()
            return process.returncode == 0

        def build(name: str, on_mart: Callable[[], object]) -> bool:
            # What the data tests find is the same on any cluster: `test_same_marts.py` runs them.
            return dbt(name, "build", "--exclude-resource-type", "test", "unit_test", on_mart=on_mart)

        assert dbt("one", "run-operation", "register_archive")
        assert build("one", on_mart=lambda: cluster.kill("worker1"))
        assert differences(warehouse, tables / "marts_build_one.db") == []

        assert not build("two", on_mart=lambda: cluster.kill("server"))
        assert list(tables.glob("*_build_two.db"))

        cluster.start_server()
        with subprocess.Popen(
            [PYTHON, "-m", "spark.query", str(cluster.port)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as reader:

            def builds_read() -> set[str]:
                """The builds that a reader of marts gets rows of."""
                assert reader.stdin
                assert reader.stdout
                marts = ("activities", "findings", "users")
                files = " union all ".join(f"select input_file_name() as file from marts.{mart}" for mart in marts)
                reader.stdin.write(f"select distinct split(file, '_build_|[.]db')[1] from ({files})\n")
                reader.stdin.flush()
                return {name for (name,) in json.loads(reader.stdout.readline())}

            seen = [builds_read()]
            assert build("three", on_mart=lambda: seen.append(builds_read()))
            assert len(seen) > 1
            assert all(builds == {"one"} for builds in seen)
            assert builds_read() == {"three"}
            reader.stdin.close()
        assert differences(warehouse, tables / "marts_build_three.db") == []
        assert not list(tables.glob("*_build_two.db"))
        # A finished build is not built over.
        assert not build("three", on_mart=lambda: None)
