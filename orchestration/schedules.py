"""Jobs, which are verbs, and their schedules."""

from __future__ import annotations

import dagster as dg

from orchestration.assets.transformation import curated_tables

REFRESH_CRON = "*/15 * * * *"
# Between two refreshes, at an hour when few people read the same feed.
RECONCILE_CRON = "40 2 * * *"

refresh_job = dg.define_asset_job(
    "refresh",
    selection=dg.AssetSelection.all(),
    description="One incremental cycle: read what is due of the feed, build the tables, check them.",
)

reconcile_job = dg.define_asset_job(
    "reconcile",
    selection=dg.AssetSelection.all(),
    config={"ops": {"raw_tables": {"config": {"reconcile": True}}}},
    description="Walk the last days again, and older ones in turn, for late and changed activities; then build.",
)

rebuild_job = dg.define_asset_job(
    "rebuild",
    selection=dg.AssetSelection.assets(curated_tables),
    config={"ops": {"curated_tables": {"config": {"full_refresh": True}}}},
    description="Build every curated table anew from what is stored. The feed is not asked.",
)

refresh_schedule = dg.ScheduleDefinition(
    name="refresh_schedule",
    job=refresh_job,
    cron_schedule=REFRESH_CRON,
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Every 15 minutes.",
)

reconcile_schedule = dg.ScheduleDefinition(
    name="reconcile_schedule",
    job=reconcile_job,
    cron_schedule=RECONCILE_CRON,
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Every night.",
)
