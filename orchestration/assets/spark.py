"""Stage `spark`: the same models, of the same manifest, built by Spark from the archive. Only if SPARK_DBT is set.

dbt-spark is in an environment of its own, and Spark elsewhere: a build holds neither the warehouse nor its lock.
"""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dagster as dg
import duckdb
from dagster_dbt import DagsterDbtTranslatorSettings, dbt_assets
from dagster_dbt.core.dbt_cli_event import DbtCoreCliEventMessage

from orchestration.archive.restore import fetched
from orchestration.archive.snapshot import read_snapshot
from orchestration.archive.storage.store import Store
from orchestration.assets.archiving import NO_ARCHIVE, archived_activities
from orchestration.assets.dbt_process import DbtError, DbtProcess, Message, spark_directory
from orchestration.assets.dbt_run import TESTS_OF_THE_CODE, Progress
from orchestration.assets.manifest import read_manifest
from orchestration.assets.project import PARSED_SHA256, project
from orchestration.assets.publishing import MARTS, Origin, publishing_assets
from orchestration.assets.transformation import PROJECT_CHANGED, Translator
from orchestration.config.settings import ROOT, Settings, general_beside
from orchestration.config.values import ConfigurationError
from orchestration.errors import ExplainedError
from orchestration.project_files import project_sha256
from orchestration.publish.marts import read_catalog
from orchestration.publish.spark import LEDGER_TABLES, read_spark_files, write_finished_build
from orchestration.resources import Archive, Publication, Warehouse, fail_step_on_error, failure

GROUP = "spark"
WHOLE = "A build on Spark is made as a whole, or readers would not get it: run the job `spark`."
PARQUET = "parquet"
POSTGRES = "SPARK_PUBLISH_POSTGRES_URL"
REGISTER = ("run-operation", "register_archive")
BUILD = ("build", "--exclude", TESTS_OF_THE_CODE, "--exclude-resource-type", "unit_test")
# With Iceberg, tables grow.
ICEBERG = "iceberg"
UPKEEP = ("run-operation", "upkeep")
# What `register_archive` says at its end.
_REGISTERED = re.compile(r"^raw: the archive in .*, ledger (\d{8,18})$")


class SparkTranslator(Translator):
    """Keys below `spark`, in one group. Every source is the archive."""

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        """`spark/schema/table`; of a source, the archive's."""
        if dbt_resource_props["resource_type"] == "source":
            return archived_activities.key
        return super().get_asset_key(dbt_resource_props).with_prefix(GROUP)

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """One group, whatever the manifest says."""
        return GROUP


def _manifest() -> dict[str, Any]:
    """The manifest of the product's own build, with the engine and the names of tables that Spark has."""
    manifest = read_manifest(project.manifest_path)
    manifest["metadata"]["adapter_type"] = "spark"
    for node in manifest["nodes"].values():
        # On DuckDB, the name of the file.
        node["database"] = None
    return manifest


MANIFEST = _manifest()
TRANSLATOR = SparkTranslator(
    settings=DagsterDbtTranslatorSettings(enable_code_references=True, enable_duplicate_source_asset_keys=True)
)


@dbt_assets(
    manifest=MANIFEST,
    project=project,
    name="spark_tables",
    exclude=TESTS_OF_THE_CODE,
    dagster_dbt_translator=TRANSLATOR,
)
def spark_tables(context: dg.AssetExecutionContext, warehouse: Warehouse, archive: Archive) -> Iterator[Any]:
    """Build and test every table aside, from the archive's newest snapshot; readers get them if all succeed."""
    if context.is_subset:
        raise failure(WHOLE)
    if project_sha256(project.project_dir) != PARSED_SHA256:
        raise failure(PROJECT_CHANGED)
    settings = archive.settings()
    if settings is None:
        raise failure(f"{NO_ARCHIVE} Spark reads the archive.")
    warehouse.require_room()
    build = f"{datetime.now(UTC):%Y%m%d%H%M%S}"
    with fail_step_on_error():
        tables = _published_tables()
        dbt = _dbt(warehouse, settings.place, build)
    messages: list[Message] = []
    progress = Progress()

    def take(message: Message) -> None:
        progress(SimpleNamespace(**{part: SimpleNamespace(**message[part]) for part in ("info", "data")}))
        messages.append(message)

    is_finished, error = False, ""
    with fail_step_on_error(), dbt.lock() as lock:
        try:
            dbt.run(lock, REGISTER, take)
            snapshot = _registered(messages)
            # `archive/activities` keeps it until the lock is free.
            dbt.note(lock, snapshot)
            is_rebuild = any(message["info"]["msg"].startswith("rebuild: ") for message in messages)
            dbt.run(lock, (*BUILD, "--full-refresh") if is_rebuild else BUILD, take)
            is_finished = True
            if _file_format() == ICEBERG:
                dbt.run(lock, UPKEEP, take)
            if tables:
                _offer(warehouse, tables, build, archive.store(settings), int(snapshot))
        except ExplainedError as failed:
            error = f"{failed}{'' if is_finished else ' Readers keep the last finished build.'}"
    for message in messages:
        for event in _events(context, message):
            if isinstance(event, dg.AssetCheckResult):
                yield event
            # Readers have no table of a build that failed.
            elif isinstance(event, dg.Output) and is_finished:
                yield event.with_metadata({**event.metadata, "build": build})
    if error:
        raise failure(error)


def _registered(messages: Sequence[Message]) -> str:
    """The number of the snapshot that the build reads."""
    for message in reversed(messages):
        if found := _REGISTERED.match(message["info"]["msg"]):
            return found[1]
    raise DbtError("dbt did not say which snapshot of the archive it registered.")


def _dbt(warehouse: Warehouse, place: str, build: str) -> DbtProcess:
    read = Settings.read(os.environ, "spark_dbt", "spark_archive_path")
    assert read.spark_dbt is not None
    environment = os.environ | {
        "ARCHIVE_PATH": read.spark_archive_path or place,
        "PROJECT_SHA256": PARSED_SHA256,
        "DO_NOT_TRACK": "1",
    }
    # The others replace tables in place.
    if _file_format() == PARQUET:
        environment["SPARK_BUILD"] = build
    return DbtProcess(read.spark_dbt, spark_directory(warehouse.path), project.project_dir, environment)


def _events(context: dg.AssetExecutionContext, message: Message) -> Iterator[Any]:
    if message["info"]["name"].startswith("Log"):
        yield from DbtCoreCliEventMessage(raw_event=message, event_history_metadata={}).to_default_asset_events(
            manifest=MANIFEST, dagster_dbt_translator=TRANSLATOR, context=context, project=project
        )


def _file_format() -> str:
    return os.environ.get("SPARK_FILE_FORMAT") or PARQUET


def _published_tables() -> str | None:
    """Where the tables are that are published; None if none are."""
    tables = Settings.read(os.environ, "spark_warehouse").spark_warehouse
    if tables and _file_format() != PARQUET:
        raise ConfigurationError(
            f"SPARK_FILE_FORMAT is {_file_format()}, and only Parquet is published from. Unset SPARK_WAREHOUSE."
        )
    return str(ROOT / tables) if tables and not tables.startswith("s3://") else tables


def _finished(warehouse: Path) -> Path:
    return spark_directory(warehouse) / "finished.duckdb"


def _offer(warehouse: Warehouse, tables: str, build: str, store: Store, number: int) -> None:
    """Make this finished build the one that is published from, with the ledger that it read."""
    snapshot = read_snapshot(store, number)
    names = {table: f"{snapshot.directory}/{table}.parquet" for table in LEDGER_TABLES}
    hashes = {name: snapshot.files[name] for name in names.values()}
    path = _finished(warehouse.path)
    with fetched(store, path.with_name("ledger"), hashes) as directory:
        ledger = {table: directory / name for table, name in names.items()}
        write_finished_build(path, tables, build, ledger, read_catalog(project.manifest_path))


class FinishedBuild(Warehouse):
    """The last finished build on Spark, as a warehouse to publish from. `tables`: where Spark keeps its tables."""

    tables: str

    @contextmanager
    def get_connection(self, *, read_only: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection that reads Spark's files; a build that is not there fails the step."""
        if not self.path.exists():
            raise failure("No build on Spark has finished that could be published. Run the job `spark`.")
        with super().get_connection(read_only=read_only) as connection:
            read_spark_files(connection, self.tables)
            yield connection


def _places(warehouse: Warehouse, _: Publication) -> tuple[Warehouse, Publication]:
    with fail_step_on_error():
        tables = _published_tables()
        path = Settings.read(os.environ, "published_path", "spark_published_path").spark_published_path
    return FinishedBuild(database=str(_finished(warehouse.path)), tables=tables or ""), Publication(
        directory=str(path), general_directory=str(general_beside(path)), postgres_setting=POSTGRES.lower()
    )


published_spark_assets = publishing_assets(
    Origin(
        marts=[key.with_prefix(GROUP) for key in MARTS],
        prefix=(GROUP,),
        group=GROUP,
        postgres=POSTGRES,
        freshness=None,
        places=_places,
    )
)
