"""Stages `staging`, `intermediate` and `marts`: every dbt model an asset, every dbt test an asset check."""

import json
import logging
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from graphlib import TopologicalSorter
from typing import Any

import dagster as dg
import duckdb
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings, dbt_assets

from orchestration.assets.dbt_run import DbtRun, run_dbt
from orchestration.assets.previews import preview
from orchestration.assets.project import project
from orchestration.monitoring.revisions import describe_revisions, newest_revision
from orchestration.publish.marts import SCHEMA, read_catalog
from orchestration.resources import Warehouse
from orchestration.run_history import QUIET_TAG, retract_planned_checks
from orchestration.warehouse.builds import (
    has_untold_reads,
    last_build,
    newest_ingest_seq,
    project_sha256,
    record_build,
)

# Tables of schema `raw` that grow with each refresh, whether or not it finds anything.
LEDGER = ("activity_revisions", "coverage", "day_seals", "extracts", "sources")

log = logging.getLogger(__name__)
# A quiet refresh has no results for the checks of tables that it leaves alone: said once, by us, not 300 times.
logging.getLogger("dagster._core.execution.plan.active").setLevel(logging.ERROR)


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
def curated_tables(context: dg.AssetExecutionContext, warehouse: Warehouse, config: Build) -> Iterator[Any]:
    """Build and test the dbt project on the warehouse, as far as there is anything new to build it from."""
    # dbt's profile reads the same variable; a relative path means the checkout to both.
    os.environ["WAREHOUSE_PATH"] = str(warehouse.path)
    sha256 = project_sha256(project.project_dir)
    with warehouse.turn():
        # Meets a locked or foreign file with a sentence; dbt would meet it with a traceback.
        with warehouse.get_connection() as connection:
            known, newest = last_build(connection), newest_ingest_seq(connection)
            is_anew = config.full_refresh or known is None or known[0] != sha256
            revised = newest_revision(connection)
            is_quiet = not (is_anew or context.is_subset or newest > known[1] or has_untold_reads(connection))
        if known and known[0] != sha256:
            log.info("The dbt project has changed since the last build: every table is made anew.")
        arguments = ["build", "--exclude-resource-type", "unit_test", *(["--full-refresh"] if is_anew else [])]
        if is_quiet:
            log.info("No activity since the build of %s UTC: tables and checks stand as it left them.", known[2])
            retract_planned_checks(
                context.instance, context.run.run_id, context.op_execution_context.node_handle.name
            )
            context.instance.add_run_tags(context.run.run_id, {QUIET_TAG: "true"})
        # One place for every build of a warehouse, so that the project is parsed only where it has changed.
        target_path = warehouse.path.with_suffix(".dbt").absolute()
        select = _readers_of_the_ledger() if is_quiet else []
        run = (
            DbtRun([], "") if is_quiet and not select else run_dbt(context, arguments, target_path, select=select)
        )
        with warehouse.get_connection() as connection:
            if not (run.failure or is_quiet or context.is_subset):
                record_build(connection, sha256, newest)
            if not run.failure and (told := describe_revisions(connection, revised)):
                log.warning("%s", told)
            if is_quiet:
                yield from _unchanged(context, run.events, known[2])
            yield from _with_row_counts(context, connection, run.events)
    if run.failure:
        raise dg.Failure(run.failure, allow_retries=False)


def _readers_of_the_ledger() -> list[str]:
    """The models that a refresh changes even where it brings no activity, as dbt selects them."""
    manifest = json.loads(project.manifest_path.read_text())
    return [
        f"source:raw.{source['name']}+"
        for name, source in manifest["sources"].items()
        if source["name"] in LEDGER and any(child.startswith("model.") for child in manifest["child_map"][name])
    ]


def _unchanged(context: dg.AssetExecutionContext, events: Any, since: datetime) -> Iterator[dg.MaterializeResult]:
    """The marts that stand as the last build left them, for those who come after. Its checks stand as well.

    What comes after asks for marts alone; of the other tables there is nothing to say.
    """
    built = {context.asset_key_for_output(one.output_name) for one in events if isinstance(one, dg.Output)}
    left = {key for key in context.selected_asset_keys - built if key.path[0] == SCHEMA}
    # Dagster wants them in the order of their dependencies. None of these depends on one that was built.
    for key in TopologicalSorter({key: context.assets_def.asset_deps[key] & left for key in left}).static_order():
        yield dg.MaterializeResult(
            asset_key=key, metadata={"unchanged since": dg.MetadataValue.timestamp(since.replace(tzinfo=UTC))}
        )


def _with_row_counts(
    context: dg.AssetExecutionContext, connection: duckdb.DuckDBPyConnection, events: Any
) -> Iterator[Any]:
    marts = {mart.name: mart for mart in read_catalog(project.manifest_path).marts}
    for event in events:
        if isinstance(event, dg.Output):
            schema, name = context.asset_key_for_output(event.output_name).path
            shown = {"preview": preview(connection, marts[name])} if name in marts else {}
            event = event.with_metadata({**event.metadata, **_row_count(connection, schema, name), **shown})
        yield event


def _row_count(connection: duckdb.DuckDBPyConnection, schema: str, name: str) -> dict[str, int]:
    """The size of a table; counting a view would compute it."""
    tables = connection.execute(
        "select 1 from duckdb_tables() where schema_name = ? and table_name = ?", [schema, name]
    ).fetchall()
    if not tables:
        return {}
    [(count,)] = connection.execute(f"select count(*) from {schema}.{name}").fetchall()
    return {"dagster/row_count": count}
