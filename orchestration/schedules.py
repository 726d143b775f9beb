"""Jobs, which are verbs, and their schedules."""

from __future__ import annotations

import dagster as dg

from orchestration.assets.transformation import curated_tables

REFRESH_CRON = "*/15 * * * *"

refresh_job = dg.define_asset_job(
    "refresh",
    selection=dg.AssetSelection.all(),
    description="One incremental cycle: read what is due of the feed, build the tables, check them.",
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
