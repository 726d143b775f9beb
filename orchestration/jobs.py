"""Jobs, which are verbs, and their schedules."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dagster as dg

from orchestration.assets.archiving import JOB as ARCHIVE
from orchestration.assets.evidence import access_review, attestation, day_seals
from orchestration.assets.removals import REMOVALS
from orchestration.assets.transformation import curated_tables
from orchestration.checks.verification import verification
from orchestration.privacy.erasure import ERASURE, RETENTION
from orchestration.run_locks import fail_lost_runs

if TYPE_CHECKING:
    from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

REFRESH_CRON = "*/15 * * * *"
# Between two refreshes, at an hour when few people read the same feed.
RECONCILE_CRON = "40 2 * * *"
# Sunday night, when least is waiting for the file.
VERIFY_CRON = "30 3 * * 0"
# When the last day of the month before has long been sealed.
ATTEST_CRON = "0 6 3 * *"
# From the feed to the tables.
CYCLE = (
    dg.AssetSelection.all()
    - dg.AssetSelection.groups("evidence")
    - dg.AssetSelection.checks(verification)
    - dg.AssetSelection.assets(REMOVALS)
)


def _tick(context: dg.ScheduleEvaluationContext, job: str) -> dg.RunRequest | dg.SkipReason:
    """Request a run, after marking runs as failed whose process is gone: they would block the queue for good.

    Nothing is requested while an earlier request is in the queue: one run does what many would.
    """
    for sentence in fail_lost_runs(context.instance):
        context.log.warning(sentence)
    waiting = dg.RunsFilter(job_name=job, statuses=[dg.DagsterRunStatus.QUEUED])
    if context.instance.get_runs_count(waiting):
        return dg.SkipReason("An earlier run of this job waits in the queue.")
    return dg.RunRequest()


def _running(job: UnresolvedAssetJobDefinition, cron: str, description: str) -> dg.ScheduleDefinition:
    """A schedule in UTC that is on from the beginning."""

    def tick(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
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


refresh_job = dg.define_asset_job(
    "refresh",
    selection=CYCLE,
    description="One incremental cycle: read what is due of the feed, build the tables, check them, publish.",
)

reconcile_job = dg.define_asset_job(
    "reconcile",
    selection=CYCLE,
    config={"ops": {"raw_tables": {"config": {"reconcile": True}}}},
    description="Read the last days again, and older ones in turn, for late and changed activities; then build.",
)

rebuild_job = dg.define_asset_job(
    "rebuild",
    selection=dg.AssetSelection.assets(curated_tables) | dg.AssetSelection.groups("publishing"),
    config={"ops": {"curated_tables": {"config": {"full_refresh": True}}}},
    description="Build every curated table anew from what is stored, and publish. The feed is not asked.",
)

archive_job = dg.define_asset_job(
    ARCHIVE,
    selection=dg.AssetSelection.assets(day_seals).without_checks() | dg.AssetSelection.groups("archive"),
    description="Seal what is due and archive what is sealed, as each refresh does. The feed is not asked.",
)

publish_job = dg.define_asset_job(
    "publish",
    selection=dg.AssetSelection.groups("publishing"),
    description="Publish the tables as they were last built, where that was not done yet.",
)

refresh_schedule = _running(refresh_job, REFRESH_CRON, "Every 15 minutes.")

reconcile_schedule = _running(reconcile_job, RECONCILE_CRON, "Every night.")

verify_job = dg.define_asset_job(
    "verify",
    selection=dg.AssetSelection.checks(verification),
    description="Compute every hash, seal and count again, and compare. Changes nothing.",
)

verify_schedule = _running(verify_job, VERIFY_CRON, "Every Sunday at 03:30.")

attest_job = dg.define_asset_job(
    "attest",
    selection=dg.AssetSelection.assets(attestation),
    description="State how completely the last month, or a configured period, was read.",
)

attest_schedule = _running(attest_job, ATTEST_CRON, "On the third of each month, for the month before.")

review_job = dg.define_asset_job(
    "review",
    selection=dg.AssetSelection.assets(access_review),
    description="Write who held what at the end of the newest complete day, or of a configured one.",
)


def _removing(name: str, order: dict[str, str], description: str) -> UnresolvedAssetJobDefinition:
    """A job that removes records, and has nothing of them left in the tables and in what is published."""
    return dg.define_asset_job(
        name,
        selection=dg.AssetSelection.assets(REMOVALS, curated_tables) | dg.AssetSelection.groups("publishing"),
        config={"ops": {"raw__removals": {"config": order}}},
        description=description,
    )


erase_job = _removing(
    "erase",
    {"kind": ERASURE, "subject": "", "requested_by": "", "reason": "", "confirmation": ""},
    "Remove every record that names one person (by user id), for good; then rebuild every table, and publish. "
    "Needs the token that `make erase` prints.",
)

retain_job = _removing(
    "retain",
    {"kind": RETENTION, "requested_by": "", "reason": "", "confirmation": ""},
    "Remove the days that are older than RAW_DAYS, for good; then rebuild every table, and publish. Needs "
    "the token that `make retain` prints.",
)
