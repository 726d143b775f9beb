"""`raw.sources`: one row per source, as it was configured and read last. It never holds a key."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import duckdb

from orchestration.intervals import naive_utc

# What a run did not find out stays as it was known before.
_RECORD = """
insert into raw.sources by name
select
    $source as source,
    $feed_host as feed_host,
    $history_start as history_start,
    $settle_seconds as settle_seconds,
    $overlap_seconds as overlap_seconds,
    $last_run_at as last_run_at,
    $last_horizon as last_horizon,
    $last_error as last_error
on conflict (source) do update set
    feed_host = case when excluded.last_error is null then excluded.feed_host else sources.feed_host end,
    history_start = coalesce(excluded.history_start, sources.history_start),
    settle_seconds = excluded.settle_seconds,
    overlap_seconds = excluded.overlap_seconds,
    last_run_at = excluded.last_run_at,
    last_horizon = coalesce(excluded.last_horizon, sources.last_horizon),
    last_error = excluded.last_error
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRecord:
    """One row of `raw.sources`; moments are aware.

    `history_start`: where reading begins; `horizon`: up to when the run was to read; None for what the run did not
    find out. `error`: why the source could not be read at all; a slice that fails is in the ledger.
    """

    source: str
    feed_host: str
    settle: timedelta
    overlap: timedelta
    run_at: datetime
    history_start: datetime | None = None
    horizon: datetime | None = None
    error: str | None = None


def record_source(connection: duckdb.DuckDBPyConnection, state: SourceRecord) -> None:
    """Bring the row of the source up to date."""
    connection.execute(
        _RECORD,
        {
            "source": state.source,
            "feed_host": state.feed_host,
            "history_start": naive_utc(state.history_start),
            "settle_seconds": round(state.settle.total_seconds()),
            "overlap_seconds": round(state.overlap.total_seconds()),
            "last_run_at": naive_utc(state.run_at),
            "last_horizon": naive_utc(state.horizon),
            "last_error": state.error,
        },
    )
