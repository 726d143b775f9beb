"""What the curated tables were built from: a row of `raw.builds` for each build that succeeded as a whole.

A build is known by what it read: the dbt project, and how far the activities and the directory had come.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from orchestration.intervals import naive_utc
from orchestration.warehouse.schema import NEWEST_INGEST_SEQ

# What decides the content of tables. Descriptions and tests stand in the same files: changing them rebuilds, too.
_PATTERNS = ("models/**/*.sql", "models/**/*.yml", "macros/**/*.sql", "seeds/*", "dbt_project.yml")


def project_sha256(directory: Path) -> str:
    """SHA-256 over names and contents of the files of the dbt project that decide what the tables hold."""
    digest = hashlib.sha256()
    for path in sorted(_files(directory)):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(directory)} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def _files(directory: Path) -> Iterator[Path]:
    for pattern in _PATTERNS:
        yield from (path for path in directory.glob(pattern) if path.is_file())


def last_build(connection: duckdb.DuckDBPyConnection) -> tuple[str, int, datetime, int] | None:
    """SHA-256 of the project, newest `ingest_seq`, time (UTC) and newest `walk_seq` of the newest build.

    None before the first.
    """
    found = connection.execute(
        "select project_sha256, ingest_seq, built_at, coalesce(walk_seq, 0) from raw.builds "
        "order by rowid desc limit 1"
    ).fetchall()
    return found[0] if found else None


def newest_ingest_seq(connection: duckdb.DuckDBPyConnection) -> int:
    """How far the activities have come; 0 where there are none."""
    [(newest,)] = connection.execute(f"select {NEWEST_INGEST_SEQ}").fetchall()
    return newest


def newest_walk_seq(connection: duckdb.DuckDBPyConnection) -> int:
    """How far the complete walks of the directory have come; 0 where there are none. The others say nothing."""
    [(newest,)] = connection.execute(
        "select coalesce(max(walk_seq), 0) from raw.directory_walks where status = 'complete'"
    ).fetchall()
    return newest


def has_untold_reads(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether a read that the mart holds for another's is known by now to be ours. Needs a build."""
    found = connection.execute(
        "select 1 from marts.activities where activity_type = 'compliance_api_accessed' and not is_own_read "
        "and request_id in (select request_id from raw.feed_requests) limit 1"
    ).fetchall()
    return bool(found)


def record_build(connection: duckdb.DuckDBPyConnection, sha256: str, ingest_seq: int, walk_seq: int) -> None:
    """Note a build of every table that succeeded with all its checks."""
    connection.execute(
        "insert into raw.builds (built_at, project_sha256, ingest_seq, walk_seq) values (?, ?, ?, ?)",
        [naive_utc(datetime.now(UTC)), sha256, ingest_seq, walk_seq],
    )
