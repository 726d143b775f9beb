"""The composition root: assembles all assets, checks, jobs, schedules and resources, also for tests."""

import os
from typing import Any

import dagster as dg

from orchestration.archive.storage.register import reach_archive
from orchestration.assets.alerting import alerts
from orchestration.assets.archiving import archived_activities
from orchestration.assets.delivering import delivered_events
from orchestration.assets.directory import directory
from orchestration.assets.evidence import access_review, attestation, day_seals
from orchestration.assets.ingestion import raw_tables
from orchestration.assets.publishing import published_assets
from orchestration.assets.removals import removals
from orchestration.assets.transformation import curated_tables
from orchestration.assets.triage import finding_decisions
from orchestration.checks.agreement import events_and_directory_agree
from orchestration.checks.contract import documented_contract_is_current
from orchestration.checks.findings import no_new_severe_findings
from orchestration.checks.ledger import raw_table_checks
from orchestration.checks.verification import verification
from orchestration.config.settings import Settings
from orchestration.jobs import (
    archive_job,
    attest_job,
    attest_schedule,
    directory_job,
    directory_schedule,
    erase_job,
    publish_job,
    rebuild_job,
    reconcile_job,
    reconcile_schedule,
    refresh_job,
    refresh_schedule,
    retain_job,
    review_job,
    siem_job,
    spark_job,
    spark_schedule,
    triage_job,
    verify_job,
    verify_schedule,
)
from orchestration.permissions import keep_private
from orchestration.resources import ActivityFeed, Alerts, Archive, Publication, Siem, Warehouse
from orchestration.sqlite_history import write_history_quickly
from orchestration.watch import watch_sensor


def build_defs(**overrides: Any) -> dg.Definitions:
    """Build all definitions. `overrides` replaces resources, by name."""
    # Every Dagster process that runs our code loads it here, however it was started.
    keep_private()
    write_history_quickly()
    reach_archive()
    paths = Settings.paths(os.environ)
    is_on_spark = Settings.read(os.environ, "spark_dbt").spark_dbt is not None
    resources = {
        "feed": ActivityFeed(),
        "warehouse": Warehouse(database=str(paths.warehouse_path)),
        "archive": Archive(),
        "alerts": Alerts(),
        "siem": Siem(),
        "publication": Publication(
            directory=str(paths.published_path), general_directory=str(paths.published_general_path)
        ),
    }
    return dg.Definitions(
        assets=[
            raw_tables,
            directory,
            day_seals,
            removals,
            finding_decisions,
            archived_activities,
            delivered_events,
            curated_tables,
            *published_assets,
            alerts,
            attestation,
            access_review,
            *(_spark_assets() if is_on_spark else ()),
        ],
        asset_checks=[
            raw_table_checks,
            documented_contract_is_current,
            events_and_directory_agree,
            no_new_severe_findings,
            verification,
        ],
        jobs=[
            refresh_job,
            reconcile_job,
            rebuild_job,
            publish_job,
            triage_job,
            verify_job,
            attest_job,
            review_job,
            erase_job,
            retain_job,
            archive_job,
            directory_job,
            siem_job,
            *([spark_job] if is_on_spark else ()),
        ],
        schedules=[
            refresh_schedule,
            directory_schedule,
            reconcile_schedule,
            verify_schedule,
            attest_schedule,
            *([spark_schedule] if is_on_spark else ()),
        ],
        sensors=[watch_sensor],
        resources=resources | overrides,
        # Steps that use the warehouse run one at a time anyway; one process saves each of them its start-up.
        executor=dg.in_process_executor,
    )


def _spark_assets() -> list[dg.AssetsDefinition]:
    """Imported only where they are wanted: the manifest is read once more for them."""
    from orchestration.assets.spark import published_spark_assets, spark_tables

    is_published = Settings.read(os.environ, "spark_warehouse").spark_warehouse
    return [spark_tables, *(published_spark_assets if is_published else ())]


defs = build_defs()
