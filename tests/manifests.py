"""dbt's manifest, read once per worker from what `make setup` parsed: parsing takes longer than many a build."""

import os
import shutil
from copy import copy
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest
from dbt.contracts.graph.nodes import CompiledNode

from orchestration.assets.project import project

# What the profile reads; a change of one makes dbt parse everything.
_READ_BY_THE_PROFILE = ("WAREHOUSE_PATH", "ARCHIVE_PATH", "BUILD_MEMORY_LIMIT")


def parsed_runner(**arguments: Any) -> dbtRunner:
    """As `dbtRunner`, with a manifest of its own for the warehouse that `WAREHOUSE_PATH` names.

    Nodes are copied: a build keeps there what it compiled, and they name the database, which dbt calls by the name
    of the file. The rest is shared: `Manifest.deepcopy` takes a twentieth of a build.
    """
    parsed, name = _parsed(), Path(os.environ["WAREHOUSE_PATH"]).stem
    manifest = replace(
        parsed,
        nodes={key: _in_database(node, name) for key, node in parsed.nodes.items()},
        sources={key: _in_database(source, name) for key, source in parsed.sources.items()},
    )
    manifest.build_flat_graph()
    return dbtRunner(manifest=manifest, **arguments)


def _in_database(node: Any, name: str) -> Any:
    changed = copy(node)
    if isinstance(node, CompiledNode):
        changed.extra_ctes = []
    if relation := node.relation_name:
        changed.relation_name = relation.replace(f'"{node.database}"', f'"{name}"', 1)
    changed.database = name
    return changed


@cache
def _parsed() -> Manifest:
    directory = str(project.project_dir)
    options = ["--quiet", "--log-level", "none", "--log-level-file", "none", "--no-write-json"]
    with TemporaryDirectory() as target, pytest.MonkeyPatch.context() as patch:
        shutil.copy(project.manifest_path.with_name("partial_parse.msgpack"), target)
        for name in _READ_BY_THE_PROFILE:
            patch.delenv(name, raising=False)
        command = ["parse", "--project-dir", directory, "--profiles-dir", directory]
        result = dbtRunner().invoke([*options, *command, "--target-path", target, "--log-path", target])
    assert result.success, result.exception
    return result.result
