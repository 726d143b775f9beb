"""The published Parquet files: `parquet/<mart>/`, big marts cut at months.

`parquet` is a link to a directory that is complete and never changes; publishing makes another one and turns the
link in one step. A month that got no new rows is not written again but shared with the directory before. That one
is kept until the next but one publication, for readers that resolved the link before it turned; not where records
were removed on order since, which it still has.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any
from uuid import uuid4

import duckdb
import orjson

from orchestration.durable_files import link_or_copy, sync
from orchestration.publish.duckdb_file import register_metadata, select_mart
from orchestration.publish.edition import METADATA_TABLE, Edition
from orchestration.publish.files import UNFINISHED, publishing_into, replace_durably, share
from orchestration.publish.marts import Mart
from orchestration.publish.sets import PublishedSet

LINK_NAME = "parquet"
EDITION_PREFIX = ".parquet-"
MANIFEST_NAME = "_edition.json"
WHOLE = ""
ROW_GROUP_ROWS = 122_880

# By mart and month (`2026-01`, or `WHOLE`): the file's path in the edition, how many rows, and their checksum.
Files = dict[str, dict[str, dict[str, Any]]]


def publish_parquet(
    connection: duckdb.DuckDBPyConnection, published: PublishedSet, edition: Edition
) -> tuple[int, int] | None:
    """Publish the marts of the open warehouse. Returns how many files were written and shared; null for none due.

    Raises:
        PublicationError: nothing was published.
    """
    directory, group = published.directory, published.group
    link = directory / LINK_NAME
    with publishing_into(directory):
        share(directory, group, with_content=False)
        before = read_manifest(link)
        if before.get("fingerprint") == edition.fingerprint:
            share(link.resolve(), group)
            return None
        connection.execute("set preserve_insertion_order = true")
        published.prepare(connection)
        work = directory / f"{UNFINISHED}{uuid4().hex}"
        work.mkdir()
        writer = _Writer(connection, edition, work, link.resolve(), before)
        for mart in published.marts:
            writer.write_mart(mart)
        writer.finish()
        share(work, group)
        finished = directory / f"{EDITION_PREFIX}{work.name.removeprefix(UNFINISHED)}"
        os.rename(work, finished)
        _turn(link, finished, keeps_previous=before.get("removal_count", 0) == writer.removal_count)
        return writer.written_count, writer.shared_count


def read_manifest(edition_directory: Path) -> dict[str, Any]:
    """What an edition says about itself; empty where there is none."""
    try:
        return orjson.loads((edition_directory / MANIFEST_NAME).read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return {}


def _checksum(mart: Mart) -> str:
    """Tells whether rows were changed in place, as reads that turn out to be our own are. Payloads never are."""
    columns = ", ".join(f'"{name}"' for name in mart.column_names if name != "payload")
    return f"cast(sum(hash({columns})) as varchar)"


class _Writer:
    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        edition: Edition,
        work: Path,
        previous: Path,
        before: dict[str, Any],
    ) -> None:
        self.connection, self.edition, self.work, self.previous = connection, edition, work, previous
        # Rows of another project, of another rebuild or under another key can differ without being new.
        same = all(before.get(name) == getattr(edition, name) for name in ("project_hash", "rebuilt_by", "policy"))
        self.through = before.get("through_ingest_seq", 0) if same else 0
        self.known: Files = before.get("files", {}) if same else {}
        self.files: Files = {}
        self.written_count = self.shared_count = 0
        [(self.removal_count,)] = connection.execute("select count(*) from raw.removals").fetchall()

    def write_mart(self, mart: Mart) -> None:
        (self.work / mart.name).mkdir()
        self.files[mart.name] = {}
        if not mart.partition_by:
            self._write(mart, WHOLE, None)
            return
        newest = 'max("ingest_seq")' if "ingest_seq" in mart.column_names else "null"
        months = self.connection.execute(
            f"select strftime(\"{mart.partition_by}\", '%Y-%m') as month, count(*), {newest}, {_checksum(mart)} "
            f"from {mart.relation} group by month order by month"
        ).fetchall()
        for month, row_count, newest_seq, checksum in months:
            known = self.known.get(mart.name, {}).get(month)
            content = {"row_count": row_count, "checksum": checksum}
            if known and newest_seq and newest_seq <= self.through and known | content == known:
                self._share(mart, month, known)
            else:
                self._write(mart, month, content)
        if not months:
            self._write(mart, WHOLE, None)

    def _share(self, mart: Mart, month: str, known: dict[str, Any]) -> None:
        path = self.work / known["path"]
        path.parent.mkdir(exist_ok=True)
        link_or_copy(self.previous / known["path"], path)
        self.files[mart.name][month] = known
        self.shared_count += 1

    def _write(self, mart: Mart, month: str, content: dict[str, Any] | None) -> None:
        # The name is the edition's: a reader that mixes two editions finds a file missing, not rows of both.
        name = f"{mart.name}/" + (f"month={month}/" if month else "") + f"{self.edition.fingerprint[:12]}.parquet"
        (self.work / name).parent.mkdir(exist_ok=True)
        where = ""
        if month:
            day = f"date '{month}-01'"
            where = f' where "{mart.partition_by}" >= {day} and "{mart.partition_by}" < {day} + interval 1 month'
        self._copy(select_mart(mart, where), name)
        self.files[mart.name][month] = {"path": name} | (content or {})
        self.written_count += 1

    def _copy(self, query: str, name: str) -> None:
        path = str(self.work / name).replace("'", "''")
        self.connection.execute(
            f"copy ({query}) to '{path}' (format parquet, compression zstd, row_group_size {ROW_GROUP_ROWS})"
        )
        sync(self.work / name)

    def finish(self) -> None:
        """Write what the edition says about itself, and have all of it on disk."""
        (self.work / METADATA_TABLE).mkdir()
        register_metadata(self.connection, self.edition)
        self._copy("from edition_metadata", f"{METADATA_TABLE}/{METADATA_TABLE}.parquet")
        facts = {
            name: getattr(self.edition, name)
            for name in (
                "fingerprint",
                "project_hash",
                "rebuilt_by",
                "policy",
                "through_ingest_seq",
                "published_at",
            )
        }
        manifest = self.work / MANIFEST_NAME
        manifest.write_bytes(
            orjson.dumps(
                facts | {"removal_count": self.removal_count, "files": self.files}, option=orjson.OPT_INDENT_2
            )
        )
        sync(manifest)
        for made in (self.work, *(path for path in self.work.rglob("*") if path.is_dir())):
            sync(made)


def _turn(link: Path, finished: Path, *, keeps_previous: bool) -> None:
    """Turn the link to the finished edition, and remove all but it and, where it may be kept, the one before."""
    kept = {finished, link.resolve()} if keeps_previous else {finished}
    turned = link.with_name(f"{UNFINISHED}link-{uuid4().hex}")
    turned.symlink_to(finished.name)
    replace_durably(turned, link)
    for old in link.parent.glob(f"{EDITION_PREFIX}*"):
        if old.resolve() not in {path.resolve() for path in kept}:
            shutil.rmtree(old)
