"""Stages `staging`, `intermediate` and `marts`: every dbt model an asset, every dbt test an asset check."""

import os
from collections.abc import Iterator
from typing import Any

import dagster as dg
import duckdb
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings, DbtCliResource, dbt_assets
from dagster_dbt.core.dbt_cli_invocation import DbtCliInvocation
from dagster_dbt.errors import DagsterDbtCliRuntimeError

from orchestration.previews import preview
from orchestration.project import project
from orchestration.publication.catalog import read_catalog
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
        # One place for every build of a warehouse: by default each build leaves a directory of its own behind.
        target_path = warehouse.path.with_suffix(".dbt").absolute()
        invocation = dbt.cli(arguments, context=context, raise_on_error=False, target_path=target_path)
        tables: list[dg.Output] = []
        for event in invocation.stream():
            if isinstance(event, dg.Output):
                # dbt holds the file: rows can be counted when it is done.
                tables.append(event)
            else:
                yield event
        marts = {mart.name: mart for mart in read_catalog(project.manifest_path).marts}
        with warehouse.get_connection(read_only=True) as connection:
            for table in tables:
                schema, name = context.asset_key_for_output(table.output_name).path
                shown = {"preview": preview(connection, marts[name])} if name in marts else {}
                yield table.with_metadata({**table.metadata, **_row_count(connection, schema, name), **shown})
        _raise_failures(invocation)


def _row_count(connection: duckdb.DuckDBPyConnection, schema: str, name: str) -> dict[str, int]:
    """The size of a table; counting a view would compute it."""
    tables = connection.execute(
        "select 1 from duckdb_tables() where schema_name = ? and table_name = ?", [schema, name]
    ).fetchall()
    if not tables:
        return {}
    [(count,)] = connection.execute(f"select count(*) from {schema}.{name}").fetchall()
    return {"dagster/row_count": count}


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
