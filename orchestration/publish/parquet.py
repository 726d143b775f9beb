"""Writes the published Parquet files: `parquet/<mart>/`, large marts split by month.

`parquet` is a link to a complete, immutable directory. Publishing writes a new directory and switches the link
atomically. A month without new rows is hard-linked from the previous directory. That directory is kept for one
more publication, for readers that resolved the link before the switch, unless records were removed since.
"""

import logging
import os
from pathlib import Path
from typing import Any
from uuid import uuid4

import duckdb
import orjson
import pyarrow.parquet as pq

from orchestration.duckdb_sql import literal
from orchestration.durable_files import link_or_copy, sync, write_durably
from orchestration.publish.duckdb_file import register_metadata, select_mart
from orchestration.publish.edition import METADATA_TABLE, Edition
from orchestration.publish.files import UNFINISHED, publishing_into, replace_durably, share
from orchestration.publish.manifest import (
    EDITION_MANIFEST,
    EDITION_PREFIX,
    LINK_NAME,
    current_edition,
    differing_parquet,
    file_facts,
    read_edition_manifest,
)
from orchestration.publish.marts import Mart, require_all_rows
from orchestration.publish.sets import PublishedSet

WHOLE = ""
ROW_GROUP_ROWS = 122_880

# By mart and month (`2026-01`, or `WHOLE`): the file's path in the edition, its row count and checksum.
Files = dict[str, dict[str, dict[str, Any]]]

log = logging.getLogger(__name__)


def publish_parquet(
    connection: duckdb.DuckDBPyConnection, published: PublishedSet, edition: Edition
) -> tuple[int, int] | None:
    """Publish the marts of the open warehouse.

    Returns the number of files written and of files shared with the previous edition; None if nothing changed.

    Raises:
        PublicationError: nothing was published.
    """
    directory, group = published.directory, published.group
    with publishing_into(directory):
        share(directory, group)
        current = current_edition(directory)
        before = read_edition_manifest(current)
        is_damaged = False
        if before.get("fingerprint") == edition.fingerprint:
            differing = list(differing_parquet(current, before))
            if not differing:
                return None
            is_damaged = True
            log.warning("%s. Publishing it again.", differing[0])
        connection.execute("set preserve_insertion_order = true")
        published.prepare(connection)
        work = directory / f"{UNFINISHED}{uuid4().hex}"
        work.mkdir()
        writer = _Writer(connection, edition, work, current, before)
        for mart in published.marts:
            writer.write_mart(mart)
        keeps_previous = not is_damaged and before.get("removal_count", 0) == writer.removal_count
        writer.finish(current.name if current and keeps_previous else None)
        share(directory, group)
        finished = directory / f"{EDITION_PREFIX}{work.name.removeprefix(UNFINISHED)}"
        os.rename(work, finished)
        link = directory / f"{UNFINISHED}link-{uuid4().hex}"
        link.symlink_to(finished.name)
        replace_durably(link, directory / LINK_NAME)
        return writer.written_count, writer.shared_count


def _checksum(mart: Mart) -> str:
    """SQL for a checksum that shows rows changed in place, as `is_own_read` can be. Payloads never change."""
    columns = ", ".join(f'"{name}"' for name in mart.column_names if name != "payload")
    return f"cast(sum(hash({columns})) as varchar)"


class _Writer:
    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        edition: Edition,
        work: Path,
        previous: Path | None,
        before: dict[str, Any],
    ) -> None:
        self.connection, self.edition, self.work, self.previous = connection, edition, work, previous
        # With another project, rebuild or key, old rows can differ too.
        is_comparable = all(
            before.get(name) == getattr(edition, name) for name in ("project_hash", "rebuilt_by", "policy")
        )
        self.through = before.get("through_ingest_seq", 0) if is_comparable else 0
        self.known: Files = before.get("files", {}) if is_comparable else {}
        self.previous_files: dict[str, dict[str, Any]] = before.get("published_files", {})
        self.files: Files = {}
        self.published_files: dict[str, dict[str, Any]] = {}
        self.written_count = self.shared_count = 0
        [(self.removal_count,)] = connection.execute("select count(*) from raw.removals").fetchall()

    def write_mart(self, mart: Mart) -> None:
        (self.work / mart.name).mkdir()
        self.files[mart.name] = {}
        self._write_months(mart)
        files = [self.work / one["path"] for one in self.files[mart.name].values()]
        require_all_rows(self.connection, mart, sum(pq.read_metadata(file).num_rows for file in files))

    def _write_months(self, mart: Mart) -> None:
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
            is_same = known and newest_seq and newest_seq <= self.through and known | content == known
            if known and is_same and self._is_intact(known):
                self._share(mart, month, known)
            else:
                self._write(mart, month, content)
        if not months:
            self._write(mart, WHOLE, None)

    def _is_intact(self, known: dict[str, Any]) -> bool:
        """Whether the previous edition's file is still the published one. The manifest is untrusted."""
        facts = self.previous_files.get(known["path"])
        if self.previous is None or facts is None:
            return False
        path = self.previous / known["path"]
        return path.is_file() and not path.is_symlink() and file_facts(path) == facts

    def _share(self, mart: Mart, month: str, known: dict[str, Any]) -> None:
        path = self.work / known["path"]
        path.parent.mkdir(exist_ok=True)
        link_or_copy(self.previous / known["path"], path)
        self.files[mart.name][month] = known
        self.published_files[known["path"]] = self.previous_files[known["path"]]
        self.shared_count += 1

    def _write(self, mart: Mart, month: str, content: dict[str, Any] | None) -> None:
        # Named by fingerprint: a reader that mixes two editions misses a file instead of reading rows of both.
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
        self.connection.execute(
            f"copy ({query}) to {literal(self.work / name)} "
            f"(format parquet, compression zstd, row_group_size {ROW_GROUP_ROWS})"
        )
        sync(self.work / name)
        self.published_files[name] = file_facts(self.work / name)

    def finish(self, previous: str | None) -> None:
        """Write the metadata and the manifest, and fsync. `previous`: name of the edition that is kept."""
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
        facts |= {"removal_count": self.removal_count, "previous": previous, "files": self.files}
        facts["published_files"] = self.published_files
        write_durably(self.work / EDITION_MANIFEST, orjson.dumps(facts, option=orjson.OPT_INDENT_2))
        for directory in (self.work, *(path for path in self.work.rglob("*") if path.is_dir())):
            sync(directory)
