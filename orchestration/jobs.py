"""The jobs and their schedules. What a job does is in the assets and checks that it selects."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import dagster as dg

from orchestration.assets.archiving import JOB as ARCHIVE
from orchestration.assets.delivering import JOB as SIEM
from orchestration.assets.delivering import delivered_events
from orchestration.assets.directory import directory
from orchestration.assets.evidence import access_review, attestation, day_seals
from orchestration.assets.removals import REMOVALS
from orchestration.assets.transformation import curated_tables
from orchestration.assets.triage import DECISIONS
from orchestration.assets.triage import JOB as TRIAGE
from orchestration.checks.verification import verification
from orchestration.config.settings import Settings
from orchestration.config.values import ConfigurationError
from orchestration.privacy.erasure import ERASURE, RETENTION
from orchestration.resources import MAKES_ROOM
from orchestration.run_locks import fail_lost_runs

if TYPE_CHECKING:
    from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition as AssetJob

# How many of these ticks, and of those of the directory, become runs is a setting.
REFRESH_CRON = "*/5 * * * *"
# Between two refreshes, as the others.
DIRECTORY_CRON = "27 * * * *"
# At an hour when few others share the rate limit.
RECONCILE_CRON = "42 2 * * *"
# Sunday night, when the fewest jobs wait for the file.
VERIFY_CRON = "32 3 * * 0"
# By then the last day of the previous month is sealed.
ATTEST_CRON = "3 6 3 * *"
# Every day at 00:17, where that is a setting of 24.
SPARK_CRON = "17 * * * *"
SPARK = "spark"
# What a run works with: an instance can limit the runs of each by this tag (docs/spark.md).
ENGINE_TAG = "compliance/engine"
# From the feed to the tables.
CYCLE = (
    dg.AssetSelection.all()
    - dg.AssetSelection.groups(SPARK)
    - dg.AssetSelection.groups("evidence")
    - dg.AssetSelection.checks(verification)
    - dg.AssetSelection.assets(REMOVALS, DECISIONS, directory)
)


def _tick(context: dg.ScheduleEvaluationContext, job: str) -> dg.RunRequest | dg.SkipReason:
    """Request a run, after failing the runs whose process has died: they would block the queue forever.

    Skips while a run of the same job is queued: one run does the work of both.
    """
    for message in fail_lost_runs(context.instance):
        context.log.warning(message)
    waiting = dg.RunsFilter(job_name=job, statuses=[dg.DagsterRunStatus.QUEUED])
    if context.instance.get_runs_count(waiting):
        return dg.SkipReason("A run of this job is already queued.")
    return dg.RunRequest()


def _schedule(job: AssetJob, cron: str, description: str, every: str = "", unit: int = 0) -> dg.ScheduleDefinition:
    """A schedule in UTC that is on by default. `every`: the setting of the time between runs, in `unit`s."""

    def tick(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        if every:
            try:
                count = getattr(Settings.read(os.environ, every), every)
            except ConfigurationError as error:
                return dg.SkipReason(str(error))
            if int(context.scheduled_execution_time.timestamp()) // unit % count:
                return dg.SkipReason(f"{Settings.variable(every)} is {count}.")
        return _tick(context, job.name)

    return dg.ScheduleDefinition(
        name=f"{job.name}_schedule",
        job=job,
        execution_fn=tick,
        cron_schedule=cron,
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description=description,
    )


def _job(name: str, engine: str = "duckdb", tags: Mapping[str, str] | None = None, **options: Any) -> AssetJob:
    return dg.define_asset_job(name, tags={ENGINE_TAG: engine, **(tags or {})}, **options)


refresh_job = _job(
    "refresh",
    selection=CYCLE,
    description="One incremental cycle: read what is due from the feed, build the tables, check them, publish.",
)

reconcile_job = _job(
    "reconcile",
    selection=CYCLE,
    config={"ops": {"raw_tables": {"config": {"reconcile": True, "first_date": "", "last_date": ""}}}},
    description="Read recent days again, and older ones in rotation, or those from first_date to last_date, for "
    "late and changed activities; then build.",
)

rebuild_job = _job(
    "rebuild",
    selection=dg.AssetSelection.assets(curated_tables) | dg.AssetSelection.groups("publishing", "delivery"),
    config={"ops": {"curated_tables": {"config": {"full_refresh": True}}}},
    description="Rebuild all curated tables from the raw data, and publish. Does not read the feed.",
)

archive_job = _job(
    ARCHIVE,
    selection=dg.AssetSelection.assets(day_seals).without_checks() | dg.AssetSelection.groups("archive"),
    description="Seal due days and archive sealed ones, as each refresh does. Does not read the feed.",
)

siem_job = _job(
    SIEM,
    selection=dg.AssetSelection.assets(delivered_events),
    description="Deliver activities and findings to the SIEM, as each refresh does. Does not read the feed.",
)

triage_job = _job(
    TRIAGE,
    selection=dg.AssetSelection.assets(DECISIONS, curated_tables) | dg.AssetSelection.groups("publishing"),
    config={"ops": {"raw__finding_decisions": {"config": {"status": "", "decided_by": "", "note": ""}}}},
    description="Store a decision about findings; then build what shows it, and publish.",
)

publish_job = _job(
    "publish",
    selection=dg.AssetSelection.groups("publishing"),
    description="Publish the tables of the last build, unless they are published already.",
)

refresh_schedule = _schedule(
    refresh_job, REFRESH_CRON, "Every REFRESH_EVERY_MINUTES: 5.", "refresh_every_minutes", 60
)

reconcile_schedule = _schedule(reconcile_job, RECONCILE_CRON, "Every night.")

directory_job = _job(
    "directory",
    selection=(
        dg.AssetSelection.assets(directory, curated_tables) | dg.AssetSelection.groups("publishing", "delivery")
    )
    - dg.AssetSelection.checks(verification),
    description="Read what exists now, as far as the keys can; then build the tables, and publish.",
)

# Both only where SPARK_DBT is set, as the assets.
spark_job = _job(
    SPARK,
    engine=SPARK,
    selection=dg.AssetSelection.groups(SPARK),
    description="Build and test every table on Spark, from the archive. Does not read the feed.",
)

spark_schedule = _schedule(spark_job, SPARK_CRON, "Every SPARK_EVERY_HOURS: 24.", "spark_every_hours", 3600)

directory_schedule = _schedule(
    directory_job, DIRECTORY_CRON, "Every DIRECTORY_EVERY_HOURS: 1.", "directory_every_hours", 3600
)

verify_job = _job(
    "verify",
    selection=dg.AssetSelection.checks(verification),
    description="Recompute every hash, seal and count, and compare. Changes nothing.",
)

verify_schedule = _schedule(verify_job, VERIFY_CRON, "Every Sunday at 03:32.")

attest_job = _job(
    "attest",
    selection=dg.AssetSelection.assets(attestation),
    description="Attest how completely the last month, or a configured period, was read.",
)

attest_schedule = _schedule(attest_job, ATTEST_CRON, "On the third of each month, for the previous month.")

review_job = _job(
    "review",
    selection=dg.AssetSelection.assets(access_review),
    description="Report who held what access at the end of the newest complete day, or of a configured day.",
)


def _removal_job(name: str, config: dict[str, str], description: str) -> AssetJob:
    """A job that removes records from schema `raw`, from the curated tables and from what is published."""
    return _job(
        name,
        selection=dg.AssetSelection.assets(REMOVALS, curated_tables) | dg.AssetSelection.groups("publishing"),
        config={"ops": {"raw__removals": {"config": config}}},
        tags=MAKES_ROOM,
        description=description,
    )


erase_job = _removal_job(
    "erase",
    {"kind": ERASURE, "subject": "", "requested_by": "", "reason": "", "confirmation": ""},
    "Remove every record that names one person (by user id), for good; then rebuild every table, and publish. "
    "Needs the token that `make erase` prints.",
)

retain_job = _removal_job(
    "retain",
    {"kind": RETENTION, "requested_by": "", "reason": "", "confirmation": ""},
    "Remove the days that are older than RAW_DAYS, for good; then rebuild every table, and publish. Needs "
    "the token that `make retain` prints.",
)
