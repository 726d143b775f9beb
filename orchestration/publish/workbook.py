"""The workbook beside the published file: a sheet for each mart that auditors ask for, for people without SQL.

It is written from the published file, so it has the same edition and, in the general set, names nobody. A mart is
in it whose `.yml` gives it a `sheet`.
"""

from collections.abc import Iterator
from uuid import uuid4

import duckdb

from orchestration.publish.duckdb_file import published_fingerprint
from orchestration.publish.edition import METADATA_TABLE
from orchestration.publish.files import UNFINISHED, publishing_into, replace_durably, share
from orchestration.publish.manifest import DATABASE, WORKBOOK, WORKBOOK_MANIFEST, read_manifest, write_manifest
from orchestration.publish.manifest import differing_workbook as differing
from orchestration.publish.marts import SCHEMA
from orchestration.publish.sets import PublishedSet
from orchestration.spreadsheets import Sheet, write_workbook

# A spreadsheet with more is of no use to a person, and takes a minute to open.
MAX_ROWS = 100_000


def publish_workbook(published: PublishedSet) -> bool:
    """Write the workbook of the published file, if that is newer. Returns whether it was written.

    Raises:
        PublicationError: it cannot be written.
    """
    directory = published.directory
    with publishing_into(directory):
        fingerprint = published_fingerprint(directory / DATABASE)
        known = read_manifest(directory, WORKBOOK_MANIFEST)
        if known.get("fingerprint") == fingerprint and not list(differing(directory)):
            return False
        unfinished = directory / f"{UNFINISHED}{uuid4().hex}.xlsx"
        with duckdb.connect(str(directory / DATABASE), read_only=True) as connection:
            write_workbook(unfinished, _sheets(connection, published))
        share(directory, published.group)
        replace_durably(unfinished, directory / WORKBOOK)
        write_manifest(directory, WORKBOOK, fingerprint)
        share(directory, published.group)
    return True


def remove_workbook(published: PublishedSet) -> None:
    """Remove what an earlier setting had published: it would age, and keep what has been erased since."""
    for name in (WORKBOOK, WORKBOOK_MANIFEST):
        (published.directory / name).unlink(missing_ok=True)


def _sheets(connection: duckdb.DuckDBPyConnection, published: PublishedSet) -> Iterator[Sheet]:
    marts = sorted((mart for mart in published.marts if mart.sheet), key=lambda mart: str(mart.sheet))
    counts = {
        mart.name: connection.execute(f"select count(*) from {SCHEMA}.{mart.name}").fetchall()[0][0]
        for mart in marts
    }
    columns = ("sheet", "rows", "rows here", "what it holds")
    rows = [(mart.sheet, counts[mart.name], min(counts[mart.name], MAX_ROWS), mart.description) for mart in marts]
    yield Sheet("Contents", columns, rows)
    yield _sheet(connection, "Completeness", METADATA_TABLE, "source", 0)
    for mart in marts:
        order = ", ".join(f'"{name}"' for name in mart.order_by) or "all"
        yield _sheet(connection, str(mart.sheet), mart.name, order, max(counts[mart.name] - MAX_ROWS, 0))


def _sheet(connection: duckdb.DuckDBPyConnection, name: str, table: str, order: str, skipped: int) -> Sheet:
    """The last rows in the table's order, which are the newest where it is ordered by time."""
    cursor = connection.execute(f"select * from {SCHEMA}.{table} order by {order} offset {skipped}")
    return Sheet(name, [column for column, *_ in cursor.description or ()], cursor.fetchall())
