"""Stages `staging`, `intermediate` and `marts`: every dbt model an asset, every dbt test an asset check."""

import gc
import os
from collections.abc import Iterator
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings, DbtCliResource, dbt_assets
from dagster_dbt.core.dbt_cli_invocation import DbtCliInvocation
from dagster_dbt.errors import DagsterDbtCliRuntimeError
from dbt.adapters.duckdb.connections import DuckDBConnectionManager

from orchestration.project import project
from orchestration.resources import Warehouse

SHOWN_FAILURES = 5


class Build(dg.Config):
    """How to build: `full_refresh` makes every table anew from `raw`."""

    full_refresh: bool = False


@dbt_assets(
    manifest=project.manifest_path,
    project=project,
    name="curated_tables",
    dagster_dbt_translator=DagsterDbtTranslator(
        settings=DagsterDbtTranslatorSettings(enable_source_tests_as_checks=True)
    ),
)
def curated_tables(
    context: dg.AssetExecutionContext, dbt: DbtCliResource, warehouse: Warehouse, config: Build
) -> Iterator[Any]:
    """Build and test the dbt project on the warehouse."""
    # dbt's profile reads the same variable; a relative path means the checkout to both.
    os.environ["WAREHOUSE_PATH"] = str(warehouse.path)
    arguments = [
        "build",
        "--exclude-resource-type",
        "unit_test",
        *(["--full-refresh"] if config.full_refresh else []),
    ]
    with warehouse.turn():
        # Meets a locked or foreign file with a sentence; dbt would meet it with a traceback.
        with warehouse.get_connection():
            pass
        invocation = dbt.cli(arguments, context=context, raise_on_error=False)
        try:
            yield from invocation.stream().fetch_row_counts()
            _raise_failures(invocation)
        finally:
            _release(invocation)


def _raise_failures(invocation: DbtCliInvocation) -> None:
    if invocation.is_successful():
        return
    try:
        results = invocation.get_artifact("run_results.json")["results"]
    except (DagsterDbtCliRuntimeError, OSError, KeyError):
        results = []
    failed = [result for result in results if result["status"] in ("error", "fail")]
    lines = [f"{result['unique_id'].split('.')[2]}: {_first_line(result)}" for result in failed[:SHOWN_FAILURES]]
    raise dg.Failure(
        f"dbt build failed in {len(failed) or 'an unknown number of'} node(s). "
        + " ".join(lines)
        + f" The full log is {invocation.target_path / 'dbt.log'}.",
        allow_retries=False,
    )


def _first_line(result: dict[str, Any]) -> str:
    message = (result.get("message") or "no message").strip()
    return message.splitlines()[0]


def _release(invocation: DbtCliInvocation) -> None:
    """Counting rows leaves a handle on the file in this process; the next writer would meet it."""
    if invocation.adapter is not None:
        invocation.adapter.cleanup_connections()
    DuckDBConnectionManager.close_all_connections()
    gc.collect()
