"""Writes the published DuckDB file: only schema `marts`, sorted for scans, with statistics and without indexes.

The file is written next to the old one and replaces it by one rename. Readers that have the old file open keep it.
"""

import logging
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import duckdb
import pyarrow as pa

from orchestration.duckdb_sql import literal, transaction
from orchestration.intervals import aware_utc
from orchestration.publish.edition import METADATA_TABLE, Edition
from orchestration.publish.errors import PublicationError
from orchestration.publish.files import UNFINISHED, publishing_into, replace_durably, share
from orchestration.publish.manifest import DATABASE as FILE_NAME
from orchestration.publish.manifest import differing_database, write_manifest
from orchestration.publish.marts import SCHEMA, Mart, require_all_rows
from orchestration.publish.sets import PublishedSet

# The oldest DuckDB version that analysts' clients may have.
STORAGE_VERSION = "v1.5.0"
METADATA_SCHEMA = pa.schema(
    {
        "published_at": pa.timestamp("us"), "source": pa.string(), "complete_through": pa.timestamp("us"),
        "gap_count": pa.int64(), "detail_since": pa.date32(), "through_ingest_seq": pa.int64(),
        "activity_count": pa.int64(), "product_version": pa.string(), "project_hash": pa.string(),
        "fingerprint": pa.string(),
    }
)  # fmt: skip

log = logging.getLogger(__name__)


def publish_database(connection: duckdb.DuckDBPyConnection, published: PublishedSet, edition: Edition) -> bool:
    """Publish the marts of the warehouse, which is open for writing. Returns whether anything was written.

    Raises:
        PublicationError: nothing was published.
    """
    directory, group = published.directory, published.group
    target = directory / FILE_NAME
    with publishing_into(directory):
        _require_another_file(connection, target)
        share(directory, group)
        if published_fingerprint(target) == edition.fingerprint:
            differing = list(differing_database(directory))
            if not differing:
                return False
            log.warning("%s. Publishing it again.", differing[0])
        unfinished = directory / f"{UNFINISHED}{uuid4().hex}.duckdb"
        _write(connection, published, edition, unfinished)
        share(directory, group)
        replace_durably(unfinished, target)
        write_manifest(directory, FILE_NAME, edition.fingerprint)
        share(directory, group)
    return True


def _require_another_file(connection: duckdb.DuckDBPyConnection, target: Path) -> None:
    """Refuse to overwrite the warehouse, also if the paths differ but lead to the same file."""
    paths = connection.execute("select path from duckdb_databases() where path is not null").fetchall()
    if target.exists() and any(Path(path).exists() and target.samefile(path) for (path,) in paths):
        raise PublicationError(
            f"{target} is the warehouse itself, so nothing was published. Set another PUBLISHED_PATH."
        )


def published_fingerprint(path: Path) -> str | None:
    """The fingerprint of the edition in the file; None if there is no readable file."""
    return _fact(path, "fingerprint")


def published_at(path: Path) -> datetime | None:
    """When the file was published (naive, UTC); None if there is no readable file."""
    return _fact(path, "published_at")


@dataclass(frozen=True, slots=True)
class EditionFacts:
    """When the file was published, and how far all sources are complete (aware; None if one is not proven)."""

    published_at: datetime
    complete_through: datetime | None


def read_edition_facts(path: Path) -> EditionFacts | None:
    """The facts of the edition in the file; None if there is no readable file."""
    published = published_at(path)
    if published is None:
        return None
    proven = "case when count(*) = count(complete_through) then min(complete_through) end"
    return EditionFacts(aware_utc(published), aware_utc(_fact(path, proven)))


def _fact(path: Path, column: str) -> Any:
    if not path.exists():
        return None
    try:
        with duckdb.connect(str(path), read_only=True) as published:
            rows = published.execute(f"select {column} from {SCHEMA}.{METADATA_TABLE} limit 1").fetchall()
    except duckdb.Error:
        return None
    return rows[0][0] if rows else None


def _write(connection: duckdb.DuckDBPyConnection, published: PublishedSet, edition: Edition, path: Path) -> None:
    published.prepare(connection)
    [(warehouse,)] = connection.execute("select current_database()").fetchall()
    connection.execute(f"attach {literal(path)} as edition (storage_version '{STORAGE_VERSION}')")
    # Otherwise rows are stored in the order in which threads finish, and the sort order is lost.
    connection.execute("set preserve_insertion_order = true")
    connection.execute(f"create schema edition.{SCHEMA}")
    for mart in published.marts:
        # Each of its comments would be a commit otherwise, and a sync to disk: two thirds of the time.
        with transaction(connection):
            copy_mart(connection, mart)
    register_metadata(connection, edition)
    connection.execute(f"create table edition.{SCHEMA}.{METADATA_TABLE} as from edition_metadata")
    connection.execute("use edition")
    connection.execute("analyze")
    connection.execute("checkpoint edition")
    connection.execute(f'use "{warehouse}"')
    connection.execute("detach edition")
    if path.with_name(path.name + ".wal").exists():
        raise PublicationError(f"{path} was not written completely. Run again; what was published before stays.")


def copy_mart(connection: duckdb.DuckDBPyConnection, mart: Mart) -> None:
    """Copy one mart, sorted, with its descriptions as comments."""
    target = f"edition.{SCHEMA}.{mart.name}"
    columns = ", ".join(f'"{one.name}" {one.data_type}{_compression(one.name)}' for one in mart.columns)
    connection.execute(f"create table {target} ({columns})")
    [(count,)] = connection.execute(f"insert into {target} {select_mart(mart)}").fetchall()
    require_all_rows(connection, mart, count)
    comments = {f"table {target}": mart.description} | {
        f'column {target}."{column.name}"': column.description for column in mart.columns
    }
    for item, text in comments.items():
        connection.execute(f"comment on {item} is {literal(text)}")


def _compression(column: str) -> str:
    # By default payloads are stored uncompressed. Measured on 1M activities: three times the bytes and time.
    return " using compression zstd" if column == "payload" else ""


def select_mart(mart: Mart, where: str = "") -> str:
    """The query for the rows of a mart as the set publishes them, in the mart's order. `where`: a whole clause."""
    columns = ", ".join(f'"{name}"' for name in mart.column_names)
    order = ", ".join(f'"{name}"' for name in mart.order_by)
    return f"select {columns} from {mart.relation}{where}" + (f" order by {order}" if order else "")


def register_metadata(connection: duckdb.DuckDBPyConnection, edition: Edition) -> None:
    """Register the rows of `_published` as `edition_metadata` on the connection."""
    connection.register("edition_metadata", pa.Table.from_pylist(edition.rows(), schema=METADATA_SCHEMA))
