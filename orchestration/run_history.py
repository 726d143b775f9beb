"""Retention of Dagster's own records: runs, events, check results, ticks.

Dagster deletes none of them, and a refresh every 5 minutes adds hundreds of megabytes a day. The product's own
state is in the warehouse. The only evidence in Dagster's log is the seals reported there, and those are never
deleted.
"""

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

# Tag of a materialization that is kept when its run is deleted.
EVIDENCE_TAG = "compliance/evidence"
# Jobs that run all day. Of each outcome, all runs are kept for some hours, then the last of each day, then of each
# week.
FREQUENT_JOBS = ("refresh", "directory")
ALL_KEPT_FOR = timedelta(hours=6)
DAYS_KEPT_FOR = timedelta(days=14)
# Runs deleted per refresh: more than a tick adds, and done within seconds.
MAX_RUNS = 100
_FINISHED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
_MIN_FREE_BYTES = 16_000_000

_EVENTS, _CHECKS, _TAGS = SqlEventLogStorageTable.c, AssetCheckExecutionsTable.c, AssetEventTagsTable.c

log = logging.getLogger(__name__)


def purge_history(instance: dg.DagsterInstance, days: int, now: datetime | None = None) -> int:
    """Delete runs and ticks older than `days`, and of `FREQUENT_JOBS` most runs older than `ALL_KEPT_FOR`.

    Keeps any run that has the newest materialization of an asset or the newest result of a check. If the storage
    is locked or unreachable, nothing is deleted until the next refresh. Returns the number of deleted runs.
    """
    if not _has_sql_storage(instance):
        return 0
    now = now or datetime.now(UTC)
    try:
        runs = _expired_runs(instance, days, now)
        if runs:
            _delete_runs(instance, runs)
        _purge_ticks(instance, now - timedelta(days=days))
    except (sa.exc.SQLAlchemyError, sqlite3.Error, OSError) as error:
        log.warning(
            "Cannot delete old runs from Dagster's storage (%s). The next refresh tries again.",
            type(error).__name__,
        )
        return 0
    return len(runs)


def retract_planned_checks(instance: dg.DagsterInstance, run_id: str, step: str | None = None) -> None:
    """Delete the planned events of the checks of a step, or of the whole run, before any of them is evaluated.

    In the UI a planned check that is not evaluated shows as skipped, or as failed if the run fails; without the
    event it shows its last result.
    Dagster stores results with or without a planned event.
    """
    storage = instance.event_log_storage
    if not _has_sql_storage(instance):
        return
    planned = sa.and_(
        _EVENTS.run_id == run_id,
        _EVENTS.dagster_event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED.value,
        sa.true() if step is None else _EVENTS.step_key == step,
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


def _has_sql_storage(instance: dg.DagsterInstance) -> bool:
    return instance.is_persistent and isinstance(instance.event_log_storage, SqlEventLogStorage)


def _expired_runs(instance: dg.DagsterInstance, days: int, now: datetime) -> list[str]:
    """The oldest runs that may go, at most `MAX_RUNS`."""
    kept = _runs_with_newest(instance.event_log_storage)
    run, now = RunsTable.c, now.replace(tzinfo=None)
    newest_first = (
        sa.select(run.run_id, run.pipeline_name, run.status, run.create_timestamp)
        .where(run.status.in_([one.value for one in _FINISHED]), run.create_timestamp < now - ALL_KEPT_FOR)
        .order_by(run.create_timestamp.desc(), run.id.desc())
    )
    with instance.run_storage.connect() as connection:
        finished = connection.execute(newest_first).fetchall()
    seen = set()
    expired = []
    for run_id, job, status, created_at in finished:
        is_recent = created_at > now - DAYS_KEPT_FOR
        outcome = (job, status, created_at.date() if is_recent else created_at.isocalendar()[:2])
        is_repeated = job in FREQUENT_JOBS and outcome in seen
        seen.add(outcome)
        if run_id not in kept and (is_repeated or created_at < now - timedelta(days=days)):
            expired.append(run_id)
    return expired[: -MAX_RUNS - 1 : -1]


def _runs_with_newest(storage: SqlEventLogStorage) -> set[str]:
    """The runs with the newest materialization of each asset, and the newest result of each check."""
    # Filtered in Python: with a filter SQLite reads every event, without one only an index.
    newest_events = sa.select(_EVENTS.dagster_event_type, sa.func.max(_EVENTS.id)).group_by(
        _EVENTS.asset_key, _EVENTS.dagster_event_type
    )
    newest_checks = (
        sa.select(sa.func.max(_CHECKS.id))
        .where(_CHECKS.execution_status != "PLANNED")
        .group_by(_CHECKS.asset_key, _CHECKS.check_name)
    )
    with storage.index_connection() as connection:
        event_ids = connection.execute(newest_events).fetchall()
        newest = [row_id for kind, row_id in event_ids if kind == dg.DagsterEventType.ASSET_MATERIALIZATION.value]
        rows = [
            *connection.execute(sa.select(_EVENTS.run_id).where(_EVENTS.id.in_(newest))),
            *connection.execute(sa.select(_CHECKS.run_id).where(_CHECKS.id.in_(newest_checks))),
        ]
    return {run_id for (run_id,) in rows}


def _delete_runs(instance: dg.DagsterInstance, runs: Sequence[str]) -> None:
    storage = instance.event_log_storage
    # Dagster has no column for this tag; it is only in the serialized event.
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
    # Last, so that the next purge finds a run whose deletion was interrupted.
    with instance.run_storage.connect() as connection:
        connection.execute(RunTagsTable.delete().where(RunTagsTable.c.run_id.in_(runs)))
        connection.execute(RunsTable.delete().where(RunsTable.c.run_id.in_(runs)))


def _purge_ticks(instance: dg.DagsterInstance, before: datetime) -> None:
    for state in instance.all_instigator_state():
        instance.purge_ticks(state.instigator_origin_id, state.selector_id, before.timestamp())


def _shrink(path: Path) -> None:
    """Vacuum a file that is mostly free pages. Otherwise the next events reuse them."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        [(free,), (pages,), (size,)] = [
            connection.execute(f"pragma {name}").fetchone()
            for name in ("freelist_count", "page_count", "page_size")
        ]
        if free * size > _MIN_FREE_BYTES and free > pages / 2:
            connection.execute("vacuum")
