"""dbt's manifest, parsed once a worker and database name: to parse costs more than many a build."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest

from orchestration.assets.project import project


def parsed_runner(**arguments: Any) -> dbtRunner:
    """As `dbtRunner`, with a manifest of its own: a build leaves its ephemeral models compiled in it."""
    database = Path(os.environ["WAREHOUSE_PATH"]).stem
    return dbtRunner(manifest=_parsed(database).deepcopy(), **arguments)


@cache
def _parsed(database: str) -> Manifest:
    directory = str(project.project_dir)
    with TemporaryDirectory() as target:
        command = [
            "--quiet",
            "--log-level",
            "none",
            "parse",
            "--project-dir",
            directory,
            "--profiles-dir",
            directory,
        ]
        result = dbtRunner().invoke([*command, "--target-path", target, "--log-path", target])
    assert result.success, (database, result.exception)
    return result.result
