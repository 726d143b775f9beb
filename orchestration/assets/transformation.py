"""Stages `staging`, `intermediate` and `marts`: each dbt model is an asset, each dbt test an asset check."""

import json
import logging
import os
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cache
from graphlib import TopologicalSorter
from typing import Any

import dagster as dg
import duckdb
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings, dbt_assets

from orchestration.assets.dbt_run import TESTS_OF_THE_CODE, UNCHANGED_WITH_THE_CODE, DbtRun, run_dbt
from orchestration.assets.manifest import personal_data, read_manifest
from orchestration.assets.previews import preview
from orchestration.assets.project import PARSED_SHA256, project
from orchestration.config.settings import Settings
from orchestration.detections.decisions import has_news
from orchestration.detections.file import read_detections
from orchestration.detections.load import load_detections
from orchestration.intervals import aware_utc
from orchestration.landing.locations import locate_addresses
from orchestration.monitoring.revisions import describe_revisions, newest_revision
from orchestration.project_files import project_sha256
from orchestration.publish.marts import SCHEMA, Mart, read_catalog
from orchestration.resources import Warehouse, fail_step_on_error, failure
from orchestration.run_history import retract_planned_checks
from orchestration.warehouse.builds import (
    has_unreported_reads,
    last_build,
    newest_ingest_seq,
    newest_walk_seq,
    record_build,
)

# dbt selectors of what a change of `detections.toml` changes; it also says which roles are administrative.
DETECTIONS = ("path:models/detections+", "access_grants+", "organizations+")
# dbt selectors of what a decision about a finding changes.
TRIAGE = ("source:raw.finding_decisions+",)
# Tables of schema `raw` that a refresh changes even if it finds no new activity.
LEDGER = ("activity_revisions", "coverage", "day_seals", "extracts", "sources")

PROJECT_CHANGED = (
    "The dbt project has changed since its assets were defined: nothing was built. A run defines them when it "
    "starts: run it again, and if that fails in the same way, run `make setup`."
)

log = logging.getLogger(__name__)
# A quiet refresh skips the checks of tables it does not build. Logged once here; Dagster would log it 300 times.
logging.getLogger("dagster._core.execution.plan.active").setLevel(logging.ERROR)


class BuildConfig(dg.Config):
    """How to build: `full_refresh` rebuilds every table from schema `raw`."""

    full_refresh: bool = False


class Translator(DagsterDbtTranslator):
    """Adds to dagster-dbt's a tag for each kind of personal data in a table."""

    def get_tags(self, dbt_resource_props: Mapping[str, Any]) -> Mapping[str, str]:
        """As in dbt, and `pii/<label>` for each label of a column."""
        return {**super().get_tags(dbt_resource_props), **personal_data(dbt_resource_props.get("pii", ()))}


@dbt_assets(
    manifest=read_manifest(project.manifest_path),
    project=project,
    name="curated_tables",
    exclude=TESTS_OF_THE_CODE,
    dagster_dbt_translator=Translator(
        settings=DagsterDbtTranslatorSettings(
            enable_code_references=True,
            enable_source_tests_as_checks=True,
            # The tables of the directory are one asset.
            enable_duplicate_source_asset_keys=True,
        )
    ),
)
def curated_tables(context: dg.AssetExecutionContext, warehouse: Warehouse, config: BuildConfig) -> Iterator[Any]:
    """Build and test the dbt project. Where nothing is new, only models that read the ledger are built."""
    # dbt's profile reads this variable; a relative path is relative to the checkout for both.
    os.environ["WAREHOUSE_PATH"] = str(warehouse.path)
    sha256 = project_sha256(project.project_dir)
    if sha256 != PARSED_SHA256:
        raise failure(PROJECT_CHANGED)
    with fail_step_on_error():
        detections = read_detections(os.environ)
        geoip = Settings.read(os.environ, "geoip_city_path", "geoip_asn_path")
    with warehouse.write_lock():
        # Reports a locked or foreign file with a message; dbt would raise a traceback.
        with warehouse.get_connection() as connection:
            known, newest = last_build(connection), newest_ingest_seq(connection)
            newest_walk = newest_walk_seq(connection)
            load_detections(connection, detections)
            with fail_step_on_error():
                log.info(locate_addresses(connection, geoip.geoip_city_path, geoip.geoip_asn_path))
            is_rebuild = config.full_refresh or known is None or known.project_sha256 != sha256
            revised = newest_revision(connection)
            is_new = known is None or newest > known.ingest_seq or newest_walk > known.walk_seq
            is_quiet = not (is_rebuild or context.is_subset or is_new or has_unreported_reads(connection))
            is_tuned = known is not None and known.detections_sha256 != detections.sha256
            is_triaged = known is not None and is_quiet and has_news(connection, known.built_at)
        if known and known.project_sha256 != sha256:
            log.info("The dbt project has changed since the last build: rebuilding all tables.")
        arguments = ["build", "--exclude-resource-type", "unit_test", *(["--full-refresh"] if is_rebuild else [])]
        if is_quiet:
            log.info("Nothing new since the build of %s UTC: tables and checks are unchanged.", known.built_at)
            retract_planned_checks(
                context.instance, context.run.run_id, context.op_execution_context.node_handle.name
            )
        # One directory for all builds of a warehouse, so that dbt parses the project only when it has changed.
        target_path = warehouse.path.with_suffix(".dbt").absolute()
        changed = (*(DETECTIONS if is_tuned else ()), *(TRIAGE if is_triaged else ()))
        readers = [*_readers_of_the_ledger(), *changed] if is_quiet else []
        selection = [] if is_rebuild or context.is_subset else _selection(readers, is_tuned)
        run = DbtRun([], "") if is_quiet and not readers else run_dbt(context, arguments, target_path, selection)
        with warehouse.get_connection() as connection:
            if not (run.failure or context.is_subset) and (changed or not is_quiet):
                record_build(connection, sha256, newest, newest_walk, detections.sha256)
            if not run.failure and (rewrites := describe_revisions(connection, revised)):
                log.warning("%s", rewrites)
            if is_quiet:
                yield from _unchanged(context, connection, run.events, known.built_at)
            yield from _with_row_counts(context, connection, run.events)
    if run.failure:
        raise failure(run.failure)


def _selection(readers: list[str], is_tuned: bool) -> list[str]:
    """What dbt builds and tests of `readers`, or of everything."""
    # Thresholds are part of the SQL of views.
    unchanged = () if is_tuned else UNCHANGED_WITH_THE_CODE
    selected = ["--select", *(readers or ["fqn:*"]), "--exclude", TESTS_OF_THE_CODE, *unchanged]
    # A test of several models is left out only by its name, not because one of them is a view.
    return [*selected, "--indirect-selection", "empty"]


def _readers_of_the_ledger() -> list[str]:
    """dbt selectors of the models that a refresh changes even without new activities."""
    manifest = json.loads(project.manifest_path.read_text())
    return [
        f"source:raw.{source['name']}+"
        for name, source in manifest["sources"].items()
        if source["name"] in LEDGER and any(child.startswith("model.") for child in manifest["child_map"][name])
    ]


def _unchanged(
    context: dg.AssetExecutionContext, connection: duckdb.DuckDBPyConnection, events: Any, since: datetime
) -> Iterator[dg.MaterializeResult]:
    """Results for tables that were not built: assets downstream wait for them."""
    built = {context.asset_key_for_output(event.output_name) for event in events if isinstance(event, dg.Output)}
    unbuilt = {key for key in context.selected_asset_keys - built if key.path[0] == SCHEMA}
    dependencies = {key: context.assets_def.asset_deps[key] & unbuilt for key in unbuilt}
    facts = {"unchanged since": dg.MetadataValue.timestamp(aware_utc(since))}
    # Dagster wants results in the order of dependencies. None of these depends on one that was built.
    for key in TopologicalSorter(dependencies).static_order():
        yield dg.MaterializeResult(asset_key=key, metadata={**facts, **_shown(connection, *key.path)})


def _with_row_counts(
    context: dg.AssetExecutionContext, connection: duckdb.DuckDBPyConnection, events: Any
) -> Iterator[Any]:
    for event in events:
        if isinstance(event, dg.Output):
            path = context.asset_key_for_output(event.output_name).path
            event = event.with_metadata({**event.metadata, **_shown(connection, *path)})
        yield event


@cache
def _marts() -> dict[str, Mart]:
    return {mart.name: mart for mart in read_catalog(project.manifest_path).marts}


def _shown(connection: duckdb.DuckDBPyConnection, schema: str, name: str) -> dict[str, Any]:
    """The row count of a table, and of a mart a preview. No count of a view: it would be computed."""
    is_mart = schema == SCHEMA and name in _marts()
    shown: dict[str, Any] = {"preview": preview(connection, _marts()[name])} if is_mart else {}
    tables = connection.execute(
        "select 1 from duckdb_tables() where schema_name = ? and table_name = ?", [schema, name]
    ).fetchall()
    if tables:
        [(count,)] = connection.execute(f"select count(*) from {schema}.{name}").fetchall()
        shown["dagster/row_count"] = count
    return shown
