"""The files of a delivery: NDJSON (gzip), or Parquet in the layout of a custom source of Amazon Security Lake."""

import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from orchestration.config.siem import FileSink
from orchestration.deliver.siem.events import class_columns, json_events
from orchestration.deliver.siem.ledger import Amount, Delivery


@dataclass(frozen=True, slots=True)
class Staged:
    """Local files by the names they get in the place of the sink, and how much they hold."""

    files: dict[str, Path]
    amount: Amount


def stage(reader: pa.RecordBatchReader, delivery: Delivery, sink: FileSink, directory: Path) -> Staged:
    """Write the files of a delivery into the directory. The same events give the same bytes."""
    write = _ndjson if sink.form == "ndjson" else _parquet
    files, count = write(reader, delivery, sink, directory)
    size = sum(file.stat().st_size for file in files.values())
    return Staged(files, Amount(count, len(files), size))


def _ndjson(
    reader: pa.RecordBatchReader, delivery: Delivery, sink: FileSink, directory: Path
) -> tuple[dict[str, Path], int]:
    file = directory / "events.ndjson.gz"
    count = 0
    # Without a time in its header, the file is the same whenever it is written.
    with file.open("wb") as target, gzip.GzipFile("", "wb", 6, target, mtime=0) as lines:
        for batch in reader:
            for event in json_events(batch):
                lines.write(event.text + b"\n")
                count += 1
    name = f"{delivery.planned_at:%Y/%m/%d}/{delivery.name}.ndjson.gz"
    return ({name: file}, count) if count else ({}, 0)


def _parquet(
    reader: pa.RecordBatchReader, delivery: Delivery, sink: FileSink, directory: Path
) -> tuple[dict[str, Path], int]:
    """One file for each class and day; Security Lake takes each class as a source of its own."""
    files: dict[str, Path] = {}
    count = 0
    writer: pq.ParquetWriter | None = None
    try:
        for rows in _by_class_and_day(reader):
            name = _partition(rows, sink) + f"/{delivery.name}.parquet"
            columns = class_columns(rows.schema.names, rows["class_uid"][0].as_py())
            if name not in files:
                if writer:
                    writer.close()
                files[name] = directory / f"{len(files)}.parquet"
                writer = pq.ParquetWriter(files[name], rows.select(columns).schema, compression="zstd")
            writer.write_batch(rows.select(columns))
            count += len(rows)
    finally:
        if writer:
            writer.close()
    return files, count


def _partition(rows: pa.RecordBatch, sink: FileSink) -> str:
    class_uid = rows["class_uid"][0].as_py()
    day = rows["activity_date"][0].as_py()
    return f"claude_ocsf_{class_uid}/region={sink.region}/accountId={sink.account}/eventDay={day:%Y%m%d}"


def _by_class_and_day(reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
    """The batches, split where the next class or day begins."""
    for batch in reader:
        starts = {0}
        for name in ("class_uid", "activity_date"):
            column = batch[name]
            changes = pc.indices_nonzero(pc.not_equal(column.slice(1), column.slice(0, len(column) - 1)))
            starts |= {index + 1 for index in changes.to_pylist()}
        ordered = sorted(starts)
        for begin, end in zip(ordered, [*ordered[1:], len(batch)], strict=True):
            if end > begin:
                yield batch.slice(begin, end - begin)
