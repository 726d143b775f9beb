"""What has to hold for a warehouse whatever has happened to it: nothing lost, nothing twice, a true ledger."""

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

from local_feed import LocalFeed
from orchestration.intervals import Interval
from orchestration.warehouse.connection import open_warehouse
from orchestration.warehouse.ledger import coverage
from tests.rows import rows

# Each finds rows that contradict each other; an honest warehouse has none.
_LIES = {
    "an id is stored twice": "select source, activity_id from raw.activities group by all having count(*) > 1",
    "a content is stored twice": """
        select source, activity_id, payload_sha256 from raw.activities union all
        select source, activity_id, payload_sha256 from raw.activity_revisions
    """,
    "a hash is not that of its bytes": """
        select activity_id from raw.activities where payload_sha256 <> sha256(payload)
    """,
    "an ingest_seq is used twice": """
        select ingest_seq from (
            select ingest_seq from raw.activities union all select ingest_seq from raw.activity_revisions
        ) group by 1 having count(*) > 1
    """,
    "inserted_count is not the number of rows": """
        select extract_id from raw.extracts left join (
            select extract_id, count(*) as stored from raw.activities group by 1
        ) using (extract_id) where inserted_count <> coalesce(stored, 0)
    """,
    "revision_count is not the number of revisions": """
        select extract_id from raw.extracts left join (
            select extract_id, count(*) as stored from raw.activity_revisions group by 1
        ) using (extract_id) where revision_count <> coalesce(stored, 0)
    """,
    "what was received is not what was counted": """
        select extract_id from raw.extracts
        where received_count
            <> inserted_count + duplicate_count + revision_count + coalesce(quarantined_count, 0)
    """,
    "quarantined_count is not the number of records kept aside": """
        select extract_id from raw.extracts left join (
            select extract_id, count(*) as stored from raw.quarantined_records group by 1
        ) using (extract_id) where coalesce(quarantined_count, 0) <> coalesce(stored, 0)
    """,
    "rows without a ledger row": "select extract_id from raw.activities anti join raw.extracts using (extract_id)",
    "complete without an end": """
        select extract_id from raw.extracts where status = 'complete' and finished_at is null
    """,
    "failed without a reason": "select extract_id from raw.extracts where status = 'failed' and error is null",
}
_LIES["a content is stored twice"] = (
    f"select * from ({_LIES['a content is stored twice']}) group by all having count(*) > 1"
)


def served(feed: LocalFeed) -> dict[str, str]:
    """Id and SHA-256 of the bytes of every record that the feed holds."""
    return {name: hashlib.sha256(text).hexdigest() for name, text in feed.records()}


def stored(path: Path) -> dict[str, str]:
    """Id and recorded hash of every stored activity."""
    found = rows(path, "select activity_id, payload_sha256 from raw.activities")
    assert len(found) == len(dict(found))
    return dict(found)


def lies(path: Path) -> list[str]:
    """False statements of the warehouse, whether or not the run that wrote it came to its end."""
    with open_warehouse(path) as connection:
        return [name for name, sql in _LIES.items() if connection.execute(sql).fetchall()]


def missing(path: Path, feed: LocalFeed, source: str = "test") -> set[str]:
    """Ids of served records in time that the ledger calls complete, which are not stored with their bytes.

    Only for a feed whose records do not change, and to which nothing came late.
    """
    with open_warehouse(path) as connection:
        covered = coverage(connection, source)
    kept = stored(path)
    return {
        name
        for name, text in feed.records()
        if _is_within(json.loads(text)["created_at"], covered)
        and kept.get(name) != hashlib.sha256(text).hexdigest()
    }


def _is_within(created_at: str, covered: list[Interval]) -> bool:
    moment = datetime.fromisoformat(created_at).astimezone(UTC)
    return any(interval.start <= moment < interval.end for interval in covered)


def open_extracts(path: Path) -> int:
    """Extracts that the ledger calls open."""
    [(count,)] = rows(path, "select count(*) from raw.extracts where status = 'open'")
    return count
