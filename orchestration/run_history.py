"""What Dagster stores of runs is kept for a time: run records, events, results of checks, ticks.

Dagster deletes none of it, and a refresh every 15 minutes adds 100 MB a day. What the product rests on is in the
warehouse. The one kind of evidence in Dagster's log is the seals reported there: these are never deleted.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import sqlalchemy as sa
from dagster._core.storage.event_log.schema import (
    AssetCheckExecutionsTable,
    AssetEventTagsTable,
    SqlEventLogStorageTable,
)
from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage
from dagster._core.storage.runs.schema import RunsTable, RunTagsTable

# On a run of the whole cycle that found no new activity.
QUIET_TAG = "compliance/quiet"
# On a materialization that stays when its run is deleted.
EVIDENCE_TAG = "compliance/evidence"
QUIET_DAYS = 2
# Of each kind in one refresh: more than a tick adds, and done in seconds.
MAX_RUNS = 100
_FINISHED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
_MIN_FREE_BYTES = 16_000_000

_EVENTS, _CHECKS, _TAGS = SqlEventLogStorageTable.c, AssetCheckExecutionsTable.c, AssetEventTagsTable.c

log = logging.getLogger(__name__)


def purge_history(instance: dg.DagsterInstance, days: int, now: datetime | None = None) -> int:
    """Delete runs older than `days`, quiet ones older than `QUIET_DAYS`, and old ticks. Returns how many runs.

    A run with the newest materialization of an asset or the newest result of a check stays. Where the storage is
    busy or out of reach, nothing is deleted until the next refresh.
    """
    if not _is_kept_in_sql(instance):
        return 0
    now = now or datetime.now(UTC)
    try:
        runs = _expired_runs(instance, days, now)
        if runs:
            _delete_runs(instance, runs)
        _purge_ticks(instance, now - timedelta(days=days))
    except (sa.exc.SQLAlchemyError, sqlite3.Error, OSError) as error:
        log.warning("Old runs stay in Dagster's storage until the next refresh (%s).", type(error).__name__)
        return 0
    return len(runs)


def retract_planned_checks(instance: dg.DagsterInstance, run_id: str, step: str) -> None:
    """Delete the planned events of a step's checks, before any of them is evaluated.

    A planned check that is not evaluated looks skipped in the UI; without the event it shows its last result.
    Dagster stores a result with or without a planned event.
    """
    storage = instance.event_log_storage
    if not _is_kept_in_sql(instance):
        return
    planned = sa.and_(
        _EVENTS.run_id == run_id,
        _EVENTS.dagster_event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED.value,
        _EVENTS.step_key == step,
    )
    with storage.index_connection() as connection:
        connection.execute(
            AssetCheckExecutionsTable.delete().where(
                _CHECKS.execution_status == "PLANNED",
                _CHECKS.evaluation_event_storage_id.in_(sa.select(_EVENTS.id).where(planned)),
            )
        )
        connection.execute(SqlEventLogStorageTable.delete().where(planned))
    if storage.is_run_sharded:
        with storage.run_connection(run_id) as connection:
            connection.execute(SqlEventLogStorageTable.delete().where(planned))


def _is_kept_in_sql(instance: dg.DagsterInstance) -> bool:
    return instance.is_persistent and isinstance(instance.event_log_storage, SqlEventLogStorage)


def _expired_runs(instance: dg.DagsterInstance, days: int, now: datetime) -> list[str]:
    kept = _runs_with_newest(instance.event_log_storage)
    filters = (
        dg.RunsFilter(statuses=_FINISHED, created_before=now - timedelta(days=days)),
        dg.RunsFilter(
            statuses=_FINISHED,
            tags={QUIET_TAG: "true"},
            created_before=now - timedelta(days=min(days, QUIET_DAYS)),
        ),
    )
    found = [
        record.dagster_run.run_id
        for one in filters
        for record in instance.get_run_records(one, limit=MAX_RUNS + len(kept), ascending=True)
    ]
    return [run_id for run_id in dict.fromkeys(found) if run_id not in kept]


def _runs_with_newest(storage: SqlEventLogStorage) -> set[str]:
    """The runs with the newest materialization of each asset, and the newest result of each check."""
    # Filtered below: with a filter, SQLite reads every event, and without one only an index.
    newest_events = sa.select(_EVENTS.dagster_event_type, sa.func.max(_EVENTS.id)).group_by(
        _EVENTS.asset_key, _EVENTS.dagster_event_type
    )
    newest_checks = (
        sa.select(sa.func.max(_CHECKS.id))
        .where(_CHECKS.execution_status != "PLANNED")
        .group_by(_CHECKS.asset_key, _CHECKS.check_name)
    )
    with storage.index_connection() as connection:
        found = connection.execute(newest_events).fetchall()
        newest = [row_id for kind, row_id in found if kind == dg.DagsterEventType.ASSET_MATERIALIZATION.value]
        rows = [
            *connection.execute(sa.select(_EVENTS.run_id).where(_EVENTS.id.in_(newest))),
            *connection.execute(sa.select(_CHECKS.run_id).where(_CHECKS.id.in_(newest_checks))),
        ]
    return {run_id for (run_id,) in rows}


def _delete_runs(instance: dg.DagsterInstance, runs: Sequence[str]) -> None:
    storage = instance.event_log_storage
    # Dagster has no column for tags of this kind.
    events = sa.and_(_EVENTS.run_id.in_(runs), sa.not_(_EVENTS.event.contains(f'"{EVIDENCE_TAG}"')))
    with storage.index_connection() as connection:
        connection.execute(
            AssetEventTagsTable.delete().where(_TAGS.event_id.in_(sa.select(_EVENTS.id).where(events)))
        )
        connection.execute(SqlEventLogStorageTable.delete().where(events))
        connection.execute(AssetCheckExecutionsTable.delete().where(_CHECKS.run_id.in_(runs)))
    if storage.is_run_sharded:
        for run_id in runs:
            for suffix in ("", "-wal", "-shm"):
                Path(f"{storage.path_for_shard(run_id)}{suffix}").unlink(missing_ok=True)
        _shrink(Path(storage.path_for_shard("index")))
    # Last, so that whatever was interrupted is found again.
    with instance.run_storage.connect() as connection:
        connection.execute(RunTagsTable.delete().where(RunTagsTable.c.run_id.in_(runs)))
        connection.execute(RunsTable.delete().where(RunsTable.c.run_id.in_(runs)))


def _purge_ticks(instance: dg.DagsterInstance, before: datetime) -> None:
    for state in instance.all_instigator_state():
        instance.purge_ticks(state.instigator_origin_id, state.selector_id, before.timestamp())


def _shrink(path: Path) -> None:
    """Give free pages back to the disk where they are most of the file; else the next events take them."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        [(free,), (pages,), (size,)] = [
            connection.execute(f"pragma {name}").fetchone()
            for name in ("freelist_count", "page_count", "page_size")
        ]
        if free * size > _MIN_FREE_BYTES and free > pages / 2:
            connection.execute("vacuum")
