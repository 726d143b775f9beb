"""What the curated tables were built from: a row of `raw.builds` for each completely successful build.

A build is known by what it read: the dbt project, how far the activities and the directory had come, and how the
detection rules were tuned.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

import duckdb

from orchestration.intervals import naive_utc
from orchestration.warehouse.schema import NEWEST_INGEST_SEQ


@dataclass(frozen=True, slots=True)
class Build:
    """What a build read. `detections_sha256`: hash of the entries of `detections.toml` in force; "" if none."""

    project_sha256: str
    ingest_seq: int
    walk_seq: int
    detections_sha256: str
    built_at: datetime


def last_build(connection: duckdb.DuckDBPyConnection) -> Build | None:
    """The newest build; None before the first."""
    found = connection.execute(
        "select project_sha256, ingest_seq, coalesce(walk_seq, 0), "
        "coalesce(detections_sha256, ''), built_at from raw.builds "
        "order by rowid desc limit 1"
    ).fetchall()
    return Build(*found[0]) if found else None


def newest_ingest_seq(connection: duckdb.DuckDBPyConnection) -> int:
    """The newest number of an activity; 0 if there is none."""
    [(newest,)] = connection.execute(f"select {NEWEST_INGEST_SEQ}").fetchall()
    return newest


def newest_walk_seq(connection: duckdb.DuckDBPyConnection) -> int:
    """The newest number of a complete walk of the directory; 0 if there is none. Other walks do not count."""
    [(newest,)] = connection.execute(
        "select coalesce(max(walk_seq), 0) from raw.directory_walks where status = 'complete'"
    ).fetchall()
    return newest


def has_unreported_reads(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether a read that the mart attributes to someone else is known by now to be ours. Needs a build."""
    found = connection.execute(
        "select 1 from marts.activities where activity_type = 'compliance_api_accessed' and not is_own_read "
        "and request_id in (select request_id from raw.feed_requests) limit 1"
    ).fetchall()
    return bool(found)


def record_build(
    connection: duckdb.DuckDBPyConnection, sha256: str, ingest_seq: int, walk_seq: int, detections_sha256: str = ""
) -> None:
    """Record a build whose checks all passed, after which every table is current."""
    connection.execute(
        "insert into raw.builds (built_at, project_sha256, ingest_seq, walk_seq, detections_sha256) "
        "values (?, ?, ?, ?, ?)",
        [naive_utc(datetime.now(UTC)), sha256, ingest_seq, walk_seq, detections_sha256],
    )
