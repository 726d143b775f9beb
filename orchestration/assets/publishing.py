"""Stage `publishing`: copies of the marts for analysts and BI tools, written once all marts are built and checked.

Both sets have the same assets: `published/database` is of the restricted set, `published/general_database` of the
general one, which is pseudonymized. Without a key for the pseudonyms there is no general set. What another engine
built is published by the same assets, with another origin.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
import duckdb

from orchestration.assets import FRESHNESS, OWNERS
from orchestration.assets.manifest import personal_data
from orchestration.assets.project import project
from orchestration.assets.transformation import curated_tables
from orchestration.config.settings import PSEUDONYM_KEY
from orchestration.intervals import aware_utc
from orchestration.publish.duckdb_file import FILE_NAME, publish_database, published_at
from orchestration.publish.edition import Edition, read_edition
from orchestration.publish.manifest import (
    LINK_NAME,
    WORKBOOK,
    current_edition,
    read_edition_manifest,
    read_manifest,
)
from orchestration.publish.marts import SCHEMA, read_catalog
from orchestration.publish.parquet import publish_parquet
from orchestration.publish.postgres.publication import publish_postgres
from orchestration.publish.sets import GENERAL, RESTRICTED, PublishedSet
from orchestration.publish.workbook import publish_workbook, remove_workbook
from orchestration.resources import SUMMARY, Publication, Warehouse, fail_step_on_error

log = logging.getLogger(__name__)

MARTS = sorted(key for key in curated_tables.keys if key.path[0] == SCHEMA)
PUBLISHED_AGAIN = "Published again: the published copy had been edited or lost."
NOTHING_NEW = "Nothing has changed since the last publication."
# They run all day, and PUBLISH_EVERY_MINUTES is for them.
FREQUENT_JOBS = frozenset({"refresh", "directory"})
PREFIXES = {RESTRICTED: "", GENERAL: "general_"}
WORDS = {
    RESTRICTED: "",
    GENERAL: f" Names nobody: pseudonyms, networks, no free text. Only if {PSEUDONYM_KEY} is set.",
}


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the marts come from, and where they are published to.

    `prefix`: of the keys; `marts`: the assets that are published; `postgres`: the variable that names the server;
    `places`: what is read and where to publish, instead of the resources of the product's own build.
    """

    marts: Sequence[dg.AssetKey]
    prefix: tuple[str, ...] = ()
    group: str = "publishing"
    postgres: str = "PUBLISH_POSTGRES_URL"
    freshness: dg.FreshnessPolicy | None = FRESHNESS
    places: Callable[[Warehouse, Publication], tuple[Warehouse, Publication]] = lambda *resources: resources

    def key(self, name: str) -> dg.AssetKey:
        """The key of one of its assets."""
        return dg.AssetKey([*self.prefix, "published", name])


def publishing_assets(origin: Origin) -> list[dg.AssetsDefinition]:
    """The edition, and of each set the DuckDB file, Parquet and PostgreSQL."""
    made = [make(origin, name) for name in PREFIXES for make in (_database, _parquet, _postgres)]
    return [_edition_asset(origin), *made]


def _edition_asset(origin: Origin) -> dg.AssetsDefinition:
    @dg.asset(
        key=origin.key("edition"),
        deps=origin.marts,
        group_name=origin.group,
        owners=OWNERS,
        kinds={"python"},
        output_required=False,
        description="What both sets publish: the marts as one build left them, with its checks, and how complete "
        "they are. Nothing is published of a build that failed.",
    )
    def edition(
        context: dg.AssetExecutionContext, warehouse: Warehouse, publication: Publication
    ) -> Iterator[dg.MaterializeResult]:
        """Require that the marts may be published. Everything published depends on this asset alone."""
        warehouse, publication = origin.places(warehouse, publication)
        if context.run.job_name in FREQUENT_JOBS and (sentence := _not_due(publication, datetime.now(UTC))):
            log.info(sentence)
            return
        published = _set(publication, RESTRICTED)
        assert published is not None
        with _edition(warehouse, published) as (_, found):
            facts = _facts(found, False)
        yield dg.MaterializeResult(metadata={name: fact for name, fact in facts.items() if name != "outcome"})

    return edition


def _not_due(publication: Publication, now: datetime) -> str:
    """Why nothing is published yet, in a sentence; "" if it is time."""
    every, last = publication.every(), published_at(publication.path / FILE_NAME)
    if not last or now - aware_utc(last) >= every:
        return ""
    minutes = every // timedelta(minutes=1)
    return f"The edition of {last:%Y-%m-%d %H:%M} (UTC) stays: PUBLISH_EVERY_MINUTES is {minutes}."


def _asset(
    origin: Origin, name: str, kind: str, engine: str, description: str, *, is_optional: bool = False
) -> Any:
    return dg.asset(
        key=origin.key(PREFIXES[name] + kind),
        deps=[origin.key("edition")],
        group_name=origin.group,
        owners=OWNERS,
        kinds={"python", engine},
        tags=personal_data() if name == RESTRICTED else None,
        output_required=not is_optional and name == RESTRICTED,
        freshness_policy=origin.freshness,
        description=description + WORDS[name],
    )


def _database(origin: Origin, name: str) -> dg.AssetsDefinition:
    @_asset(
        origin,
        name,
        "database",
        "duckdb",
        "One DuckDB file with every mart, replaced atomically: readers never wait or see half an edition.",
    )
    def database(
        context: dg.AssetExecutionContext, warehouse: Warehouse, publication: Publication
    ) -> Iterator[dg.MaterializeResult]:
        """Publish the DuckDB file, and log on each mart when it was published."""
        warehouse, publication = origin.places(warehouse, publication)
        published = _set(publication, name)
        if published is None:
            log.info(_no_general_set(publication))
            return
        noted = read_manifest(published.directory).get("fingerprint")
        with _edition(warehouse, published) as (connection, edition):
            written = publish_database(connection, published, edition)
        path = published.directory / FILE_NAME
        facts = _facts(edition, written, noted)
        if publication.has_workbook():
            publish_workbook(published)
            facts["workbook"] = dg.MetadataValue.path(published.directory / WORKBOOK)
        else:
            remove_workbook(published)
        facts |= {
            SUMMARY: f"{facts['outcome']} {facts['activities']} activities in {path}",
            "path": dg.MetadataValue.path(path),
            "bytes": path.stat().st_size,
        }
        if written and name == RESTRICTED:
            for key in origin.marts:
                noted = {fact: facts[fact] for fact in ("published_at", "complete_through") if fact in facts}
                context.log_event(dg.AssetObservation(asset_key=key, metadata=noted))
        yield dg.MaterializeResult(metadata=facts)

    return database


def _parquet(origin: Origin, name: str) -> dg.AssetsDefinition:
    @_asset(
        origin,
        name,
        "parquet",
        "parquet",
        "A directory of Parquet files for each mart, large marts split by month; replaced atomically.",
    )
    def parquet(warehouse: Warehouse, publication: Publication) -> Iterator[dg.MaterializeResult]:
        """Publish the Parquet files."""
        warehouse, publication = origin.places(warehouse, publication)
        published = _set(publication, name)
        if published is None:
            return
        noted = read_edition_manifest(current_edition(published.directory)).get("fingerprint")
        with _edition(warehouse, published) as (connection, edition):
            counts = publish_parquet(connection, published, edition)
        written, shared = counts or (0, 0)
        facts = _facts(edition, counts is not None, noted) | {
            "path": dg.MetadataValue.path(published.directory / LINK_NAME),
            "files written": written,
            "files unchanged": shared,
        }
        yield dg.MaterializeResult(metadata=facts)

    return parquet


def _postgres(origin: Origin, name: str) -> dg.AssetsDefinition:
    @_asset(
        origin,
        name,
        "postgres",
        "postgres",
        f"Schema `marts{PREFIXES[name] and '_general'}` of a PostgreSQL database. Only if {origin.postgres} is "
        "set.",
        is_optional=True,
    )
    def postgres(
        context: dg.AssetExecutionContext, warehouse: Warehouse, publication: Publication
    ) -> Iterator[dg.MaterializeResult]:
        """Publish to PostgreSQL, if configured."""
        warehouse, publication = origin.places(warehouse, publication)
        url = publication.postgres_url()
        if url is None:
            context.log.info(f"{origin.postgres} is not set: nothing is published to PostgreSQL.")
            return
        published = _set(publication, name)
        if published is None:
            return
        with _edition(warehouse, published) as (connection, edition):
            outcome = publish_postgres(connection, published, edition, url, origin.postgres)
        for warning in outcome.warnings:
            context.log.warning(warning)
        yield dg.MaterializeResult(metadata=_facts(edition, outcome.written) | {"warnings": outcome.warnings})

    return postgres


published_assets = publishing_assets(Origin(MARTS))


def _set(publication: Publication, name: str) -> PublishedSet | None:
    """The set as the environment configures it; None if it is not configured."""
    with fail_step_on_error():
        built = read_catalog(project.manifest_path)
    return publication.restricted(built) if name == RESTRICTED else publication.general(built)


def _no_general_set(publication: Publication) -> str:
    previous = published_at(publication.general_path / FILE_NAME)
    kept = f" The one of {previous:%Y-%m-%d %H:%M} (UTC) is kept." if previous else ""
    return f"No general set was published: {PSEUDONYM_KEY} is not set.{kept}"


@contextmanager
def _edition(warehouse: Warehouse, published: PublishedSet) -> Iterator[tuple[duckdb.DuckDBPyConnection, Edition]]:
    """The locked warehouse and its edition. A state that may not be published fails the step."""
    with warehouse.write_lock(), warehouse.get_connection() as connection, fail_step_on_error():
        yield connection, read_edition(connection, published)


def _facts(edition: Edition, written: bool, noted: object = None) -> dict[str, Any]:
    """Metadata of a publication. `noted`: the fingerprint in the manifest of the previous one."""
    outcome = PUBLISHED_AGAIN if noted == edition.fingerprint else "Published."
    facts: dict[str, Any] = {
        "outcome": outcome if written else NOTHING_NEW,
        "activities": edition.activity_count,
        "through ingest_seq": edition.through_ingest_seq,
        "gaps": sum(state.gap_count for state in edition.sources),
    }
    if written:
        facts["published_at"] = dg.MetadataValue.timestamp(edition.published_at)
    if edition.complete_through:
        facts["complete_through"] = dg.MetadataValue.timestamp(edition.complete_through.astimezone(UTC))
    if edition.detail_since:
        facts["details since"] = edition.detail_since.isoformat()
    return facts
