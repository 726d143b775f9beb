"""Writes the archive's Parquet files: Zstandard, with row groups of DuckDB's own size."""

import hashlib
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from orchestration.landing.land import ROW_GROUP

READ_ROWS = 16_384
# Columns with few distinct values. The others differ in every row, so a dictionary would only cost time.
_DICTIONARIES = ("source", "activity_type", "organization_id", "organization_uuid", "actor_type", "extract_id")


class ParquetFile:
    """A Parquet file that is being written."""

    def __init__(self, file: Path, schema: pa.Schema) -> None:
        self.file = file
        dictionaries = [name for name in _DICTIONARIES if name in schema.names]
        self._writer = pq.ParquetWriter(
            file, schema, compression="zstd", compression_level=3, use_dictionary=dictionaries
        )

    def write(self, rows: pa.RecordBatch) -> None:
        """Add rows."""
        self._writer.write_batch(rows, row_group_size=ROW_GROUP)

    def finish(self) -> dict[str, Any]:
        """Close the file. Returns its `byte_count` and `file_sha256`."""
        self._writer.close()
        return {"byte_count": self.file.stat().st_size, "file_sha256": file_sha256(self.file)}


def write_query(connection: duckdb.DuckDBPyConnection, query: str, file: Path) -> dict[str, Any]:
    """Write the result of a query. Returns `row_count`, `byte_count` and `file_sha256`."""
    reader = connection.sql(query).to_arrow_reader(READ_ROWS)
    target = ParquetFile(file, reader.schema)
    row_count = 0
    for batch in reader:
        target.write(batch)
        row_count += len(batch)
    return {"row_count": row_count} | target.finish()


def file_sha256(file: Path) -> str:
    """SHA-256 (hex) of the file's content."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
