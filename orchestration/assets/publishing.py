"""Stage `publishing`: copies of the marts for analysts and BI tools, made once all marts are built and checked."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC
from typing import Any

import dagster as dg
import duckdb

from orchestration.assets.transformation import curated_tables
from orchestration.project import project
from orchestration.publication.catalog import SCHEMA, Catalog, read_catalog
from orchestration.publication.database import FILE_NAME, publish_database
from orchestration.publication.edition import Edition, read_edition
from orchestration.publication.errors import PublicationError
from orchestration.publication.parquet import LINK_NAME, publish_parquet
from orchestration.publication.postgres import publish_postgres
from orchestration.resources import Publication, Warehouse

GROUP = "publishing"
OWNERS = ["team:compliance-data"]
MARTS = sorted(key for key in curated_tables.keys if key.path[0] == SCHEMA)
NOTHING_NEW = "Nothing has changed since the last publication, which stays."


@dg.asset(
    key=["published", "database"],
    deps=MARTS,
    group_name=GROUP,
    owners=OWNERS,
    kinds={"python", "duckdb"},
    description="One DuckDB file with every mart, replaced as a whole: readers never wait and see all of it.",
)
def published_database(
    context: dg.AssetExecutionContext, warehouse: Warehouse, publication: Publication
) -> dg.MaterializeResult:
    """Publish the DuckDB file, and note on each mart when that was."""
    with _edition(warehouse) as (connection, catalog, edition):
        written = publish_database(connection, catalog, edition, publication.path, publication.group())
    path = publication.path / FILE_NAME
    facts = _facts(edition, written) | {"path": dg.MetadataValue.path(path), "bytes": path.stat().st_size}
    if written:
        for key in MARTS:
            published = {name: facts[name] for name in ("published_at", "complete_through") if name in facts}
            context.log_event(dg.AssetObservation(asset_key=key, metadata=published))
    return dg.MaterializeResult(metadata=facts)


@dg.asset(
    key=["published", "parquet"],
    deps=MARTS,
    group_name=GROUP,
    owners=OWNERS,
    kinds={"python", "parquet"},
    description="A directory of Parquet files for each mart, big ones by month; replaced as a whole.",
)
def published_parquet(warehouse: Warehouse, publication: Publication) -> dg.MaterializeResult:
    """Publish the Parquet files."""
    with _edition(warehouse) as (connection, catalog, edition):
        counts = publish_parquet(connection, catalog, edition, publication.path, publication.group())
    written, shared = counts or (0, 0)
    facts = _facts(edition, counts is not None) | {
        "path": dg.MetadataValue.path(publication.path / LINK_NAME),
        "files written": written,
        "files unchanged": shared,
    }
    return dg.MaterializeResult(metadata=facts)


@dg.asset(
    key=["published", "postgres"],
    deps=MARTS,
    group_name=GROUP,
    owners=OWNERS,
    kinds={"python", "postgres"},
    output_required=False,
    description="Schema `marts` of a PostgreSQL database; only where PUBLISH_POSTGRES_URL is set.",
)
def published_postgres(
    context: dg.AssetExecutionContext, warehouse: Warehouse, publication: Publication
) -> Iterator[dg.MaterializeResult]:
    """Publish into PostgreSQL where one is configured."""
    url = publication.postgres_url()
    if url is None:
        context.log.info("PUBLISH_POSTGRES_URL is not set: nothing is published into PostgreSQL.")
        return
    with _edition(warehouse) as (connection, catalog, edition):
        outcome = publish_postgres(connection, catalog, edition, publication.path, url)
    for warning in outcome.warnings:
        context.log.warning(warning)
    yield dg.MaterializeResult(metadata=_facts(edition, outcome.written) | {"warnings": outcome.warnings})


@contextmanager
def _edition(warehouse: Warehouse) -> Iterator[tuple[duckdb.DuckDBPyConnection, Catalog, Edition]]:
    """The warehouse, held, with what may be published of it; whatever forbids that fails the step."""
    with warehouse.turn(), warehouse.get_connection() as connection:
        try:
            catalog = read_catalog(project.manifest_path)
            yield connection, catalog, read_edition(connection, catalog)
        except PublicationError as error:
            raise dg.Failure(str(error), allow_retries=False) from None


def _facts(edition: Edition, written: bool) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "outcome": "Published." if written else NOTHING_NEW,
        "activities": edition.activity_count,
        "through ingest_seq": edition.through_ingest_seq,
        "gaps": sum(state.gap_count for state in edition.sources),
    }
    if written:
        facts["published_at"] = dg.MetadataValue.timestamp(edition.published_at)
    if edition.complete_through:
        facts["complete_through"] = dg.MetadataValue.timestamp(edition.complete_through.astimezone(UTC))
    return facts
