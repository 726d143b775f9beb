"""Stages parts for the archive. A part is a Parquet file with sealed rows of one day, and its manifest."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from orchestration import __version__
from orchestration.archive.due import Days, day_differs_message, due_days
from orchestration.archive.errors import ArchiveError
from orchestration.archive.storage.names import part_manifest, part_name
from orchestration.archive.storage.parquet import READ_ROWS, ParquetFile
from orchestration.intervals import naive_utc

FORMAT_VERSION = 1
_IN_PATH = ("source", "activity_date")

_ROWS = """
select activities.*, due_days.sealed_date as activity_date
from raw.activities
join {due} as due_days
    on
        activities.source = due_days.source
        and activities.created_at::date = due_days.sealed_date
        and activities.ingest_seq > due_days.archived_ingest_seq
        and activities.ingest_seq <= due_days.last_ingest_seq
where activities.created_at >= $since and activities.created_at < $until
order by activities.source, activity_date, activities.ingest_seq
"""


@dataclass(frozen=True, slots=True)
class Part:
    """A staged part. `row`: its row for `raw.archive_files`; `file`, `manifest`: its staged files."""

    row: dict[str, Any]
    file: Path
    manifest: Path

    @property
    def path(self) -> str:
        """The name of the file in the archive."""
        return self.row["path"]

    @property
    def manifest_path(self) -> str:
        """The name of the manifest in the archive."""
        return part_manifest(self.path)


def stage_parts(
    connection: duckdb.DuckDBPyConnection, directory: Path, snapshot_number: int
) -> tuple[list[Part], bool]:
    """Write the oldest batch of due rows into the directory. Returns its parts, and whether more rows are due.

    Raises:
        ArchiveError: a day is not as it was sealed.
    """
    with due_days(connection) as (days, due):
        if not days:
            return [], False
        for source, day in days:
            part_name(source, day, 1)
        staged = list(_write(connection, directory, days, due, snapshot_number))
    for source, day in days.keys() - {(part.row["source"], part.row["activity_date"]) for part in staged}:
        raise ArchiveError(day_differs_message(source, day))
    return staged, all(day["rows_after"] for day in days.values())


def _write(
    connection: duckdb.DuckDBPyConnection, directory: Path, days: Days, due: str, snapshot_number: int
) -> Iterator[Part]:
    dates = [day for _, day in days]
    reader = connection.sql(
        _ROWS.format(due=due), params={"since": min(dates), "until": date.fromordinal(max(dates).toordinal() + 1)}
    ).to_arrow_reader(READ_ROWS)
    writer: _PartWriter | None = None
    for rows in _by_day(reader):
        key = (rows["source"][0].as_py(), rows["activity_date"][0].as_py())
        if writer is None or writer.key != key:
            if writer:
                yield writer.finish(days[writer.key], snapshot_number)
            writer = _PartWriter(key, directory, days[key]["part_number"], rows.schema)
        writer.write(rows)
    if writer:
        yield writer.finish(days[writer.key], snapshot_number)


def _by_day(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The batches, split where the next source or day begins."""
    for batch in filter(len, batches):
        starts = {0}
        for name in _IN_PATH:
            column = batch[name]
            changes = pc.indices_nonzero(pc.not_equal(column.slice(1), column.slice(0, len(column) - 1)))
            starts |= {index + 1 for index in changes.to_pylist()}
        ordered = sorted(starts)
        for start, end in zip(ordered, [*ordered[1:], len(batch)], strict=True):
            yield batch.slice(start, end - start)


class _PartWriter:
    """Writes the file of one day."""

    def __init__(self, key: tuple[str, date], directory: Path, number: int, schema: pa.Schema) -> None:
        self.key = key
        self._number = number
        schema = pa.schema([field for field in schema if field.name not in _IN_PATH])
        self._target = ParquetFile(directory / f"{key[0]}-{key[1]}-{number:04}.parquet", schema)
        self._numbers: list[tuple[int, int]] = []
        self._count = 0

    def write(self, rows: pa.RecordBatch) -> None:
        numbers = rows["ingest_seq"]
        self._numbers.append((numbers[0].as_py(), numbers[-1].as_py()))
        self._count += len(rows)
        self._target.write(rows.drop_columns(list(_IN_PATH)))

    def finish(self, day: dict[str, Any], snapshot_number: int) -> Part:
        """Close the file and write its manifest."""
        source, activity_date = self.key
        row = {
            "source": source,
            "activity_date": activity_date,
            "part_number": self._number,
            "path": part_name(source, activity_date, self._number),
            "row_count": self._count,
            **self._target.finish(),
            "first_ingest_seq": self._numbers[0][0],
            "last_ingest_seq": self._numbers[-1][1],
            "seal_version": day["seal_version"],
            "snapshot_number": snapshot_number,
            "archived_at": naive_utc(datetime.now(UTC)),
        }
        if self._count != day["row_count"]:
            raise ArchiveError(day_differs_message(source, activity_date))
        sealed = {name: day[name] for name in ("activity_count", "day_sha256", "seal_sha256")}
        facts = {"format_version": FORMAT_VERSION, **row, **sealed, "product_version": __version__}
        manifest = self._target.file.with_suffix(".json")
        manifest.write_bytes(orjson.dumps(facts, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
        return Part(row, self._target.file, manifest)
