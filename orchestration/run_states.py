"""Reads the state of the pipeline from Dagster's storage: failed jobs, stuck runs, failed verification.

Both the alerts and the status are read from here.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import dagster as dg
from dagster._core.storage.asset_check_execution_record import (
    AssetCheckExecutionRecord,
    AssetCheckExecutionRecordStatus,
)

from orchestration.deliver.conditions import RUN_FAILED, RUN_STUCK, VERIFICATION, Condition
from orchestration.intervals import aware_utc, rfc3339
from orchestration.verification.verify import CHECKS

# A job whose last failure is older is one that nobody runs any more.
FAILED_WITHIN = timedelta(days=30)
MAX_FAILED_RUNS = 200
FINISHED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE]
EVALUATED = (AssetCheckExecutionRecordStatus.SUCCEEDED, AssetCheckExecutionRecordStatus.FAILED)
UNFINISHED = dg.RunsFilter(
    statuses=[
        dg.DagsterRunStatus.QUEUED,
        dg.DagsterRunStatus.STARTING,
        dg.DagsterRunStatus.STARTED,
        dg.DagsterRunStatus.CANCELING,
    ]
)
# The jobs that read the feed.
CYCLE_JOBS = ("refresh", "reconcile")
VERIFY_JOB = "verify"
# Table and name of each check of that job.
VERIFIED = (*CHECKS, ("day_seals", "logged_seals_are_there"))
# The tables that one asset writes together.
_ASSETS = dict.fromkeys(("directory_walks", "directory_items", "key_usage"), "directory")


def verified_asset(table: str) -> dg.AssetKey:
    """The asset that a table of schema `raw` belongs to."""
    return dg.AssetKey(["raw", _ASSETS.get(table, table)])


def newest_results(
    instance: dg.DagsterInstance, keys: Sequence[dg.AssetCheckKey]
) -> dict[dg.AssetCheckKey, AssetCheckExecutionRecord]:
    """The newest result of each check that has one; a check that a run has only planned has none."""
    storage = instance.event_log_storage
    newest = dict(storage.get_latest_asset_check_execution_by_key(list(keys)))
    for key, record in list(newest.items()):
        if record.status not in EVALUATED:
            del newest[key]
            history = storage.get_asset_check_execution_history(key, 1, status=set(EVALUATED))
            newest |= {key: history[0]} if history else {}
    return newest


def newest_success(instance: dg.DagsterInstance) -> tuple[str, datetime] | None:
    """Run id and end of the newest run that read the feed and succeeded; None before the first."""
    found = [
        (record.dagster_run.run_id, datetime.fromtimestamp(record.end_time, UTC))
        for job in CYCLE_JOBS
        for record in instance.get_run_records(
            dg.RunsFilter(job_name=job, statuses=[dg.DagsterRunStatus.SUCCESS]), limit=1
        )
        if record.end_time
    ]
    return max(found, key=lambda one: one[1], default=None)


def unfinished_runs(instance: dg.DagsterInstance) -> list[dg.DagsterRun]:
    """The runs that wait or work."""
    return [record.dagster_run for record in instance.get_run_records(UNFINISHED)]


def run_conditions(instance: dg.DagsterInstance, stuck_after: timedelta, now: datetime) -> list[Condition]:
    """A condition for each job whose last run failed, each stuck run, and each failed check of `verify`."""
    verification = list(_failed_verification(instance))
    failed = [
        one
        for one in _failed_jobs(instance, now)
        # The run failed because of what its checks found.
        if not (verification and one.subject_id == VERIFY_JOB)
    ]
    return [*failed, *_stuck_runs(instance, stuck_after, now), *verification]


def _failed_jobs(instance: dg.DagsterInstance, now: datetime) -> Iterator[Condition]:
    failed = dg.RunsFilter(statuses=[dg.DagsterRunStatus.FAILURE], updated_after=now - FAILED_WITHIN)
    records = instance.get_run_records(failed, limit=MAX_FAILED_RUNS)
    for job in sorted({record.dagster_run.job_name for record in records}):
        # Whoever materializes an asset by hand sees it fail.
        if job.startswith("__"):
            continue
        [newest] = instance.get_run_records(dg.RunsFilter(job_name=job, statuses=FINISHED), limit=1)
        run = newest.dagster_run
        if run.status == dg.DagsterRunStatus.FAILURE:
            began_at = aware_utc(newest.create_timestamp)
            steps = _failed_steps(instance, run.run_id)
            where = f" Failed steps: {', '.join(steps)}." if steps else ""
            text = f"Run {run.run_id} of {rfc3339(began_at)}.{where} `make ui` shows why."
            yield Condition(RUN_FAILED, job, "high", f"Job {job} failed", text, began_at)


def _failed_steps(instance: dg.DagsterInstance, run_id: str) -> list[str]:
    logs = instance.all_logs(run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
    return sorted({entry.step_key for entry in logs if entry.step_key})


def _stuck_runs(instance: dg.DagsterInstance, stuck_after: timedelta, now: datetime) -> Iterator[Condition]:
    for record in instance.get_run_records(UNFINISHED):
        run = record.dagster_run
        since = aware_utc(record.create_timestamp)
        if record.start_time:
            since = datetime.fromtimestamp(record.start_time, UTC)
        if now - since > stuck_after:
            text = f"Run {run.run_id} of job {run.job_name} is {run.status.value} since {rfc3339(since)}."
            yield Condition(RUN_STUCK, run.run_id, "high", f"A run of job {run.job_name} is stuck", text, since)


def _failed_verification(instance: dg.DagsterInstance) -> Iterator[Condition]:
    keys = {dg.AssetCheckKey(verified_asset(table), name): (table, name) for table, name in VERIFIED}
    for key, record in newest_results(instance, list(keys)).items():
        if record.status == AssetCheckExecutionRecordStatus.FAILED:
            table, name = keys[key]
            text = (
                f"Run {record.run_id}. Keep the warehouse file as it is, and compare it with a backup: "
                "docs/evidence.md."
            )
            title = f"Verification failed: {name} of raw.{table}"
            began_at = datetime.fromtimestamp(record.create_timestamp, UTC)
            yield Condition(VERIFICATION, f"{table}.{name}", "critical", title, text, began_at)
