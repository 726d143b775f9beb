"""The composition root: every definition by name, put together once. Tests build the real thing through it."""

from __future__ import annotations

import os
from typing import Any

import dagster as dg
from dagster_dbt import DbtCliResource

from orchestration.assets.ingestion import raw_tables
from orchestration.assets.transformation import curated_tables
from orchestration.checks import no_gaps
from orchestration.lateness import overlap_reaches_far_enough
from orchestration.project import project
from orchestration.resources import ActivityFeed, Warehouse
from orchestration.schedules import (
    rebuild_job,
    reconcile_job,
    reconcile_schedule,
    refresh_job,
    refresh_schedule,
)
from orchestration.settings import warehouse_path
from orchestration.source_checks import every_source_was_read


def build_defs(**overrides: Any) -> dg.Definitions:
    """All definitions. `overrides` replace resources by name: `feed`, `warehouse`, `dbt`."""
    resources = {
        "feed": ActivityFeed(),
        "warehouse": Warehouse(database=str(warehouse_path(os.environ))),
        "dbt": DbtCliResource(project_dir=project),
    }
    return dg.Definitions(
        assets=[raw_tables, curated_tables],
        asset_checks=[no_gaps, every_source_was_read, overlap_reaches_far_enough],
        jobs=[refresh_job, reconcile_job, rebuild_job],
        schedules=[refresh_schedule, reconcile_schedule],
        resources=resources | overrides,
        # Steps that touch the warehouse take turns anyway; one process spares each the start-up.
        executor=dg.in_process_executor,
    )


defs = build_defs()
